// A network that normalises by the statistics of its pictures. The frozen one's
// gradients are checked by train_parity_test (fcis/train/step).
#include "fcis/train/network/train_network.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/emulated_backend.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "fcis/model/network.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

constexpr int64_t kPictures = 2, kHeight = 64, kWidth = 96;

std::unique_ptr<kernels::TrainBackend> Cpu() {
  return *kernels::MakeTrainBackend("cpu", kernels::Precision::kF32);
}

TrainConfig FromScratch() {
  TrainConfig recipe;
  recipe.set_frozen_stages(0);
  recipe.set_normalization(TrainConfig::BATCH);
  recipe.set_norm_momentum(0);  // running statistics are the last ones
  return recipe;
}

model::Weights Initial() {
  return model::DeterministicWeights(*Preset("parity_small"), /*seed=*/3);
}

std::unique_ptr<TrainNetwork> Make(const model::Weights& weights,
                                   const TrainConfig& recipe,
                                   kernels::TrainBackend* backend) {
  auto network = TrainNetwork::Create(weights, recipe, backend);
  EXPECT_TRUE(network.ok()) << network.status();
  return std::move(*network);
}

Tensor Pictures() {
  Tensor x = kernels::RandomTensor("picture", {kPictures, kHeight, kWidth, 3});
  for (float& v : x.mutable_span<float>()) v *= 100;
  return x;
}

// The gradients of a loss that is the sum of all outputs times these.
TrainNetwork::Gradients LossGradients(const TrainNetwork::Outputs& o) {
  TrainNetwork::Gradients g;
  for (size_t k = 0; k < o.size(); ++k) {
    g.push_back(kernels::RandomTensor(absl::StrCat("g", k), o[k].shape()));
  }
  return g;
}

// size: null, or receives the norm of the sum's terms.
double LossOf(TrainNetwork* network, const Tensor& pictures,
              double* size = nullptr) {
  const TrainNetwork::Outputs o = *network->Forward(pictures);
  const TrainNetwork::Gradients g = LossGradients(o);
  double loss = 0, squares = 0;
  for (size_t k = 0; k < o.size(); ++k) {
    const float* factor = g[k].data<float>();
    for (const double v : o[k].span<float>()) {
      const double term = v * *factor++;
      loss += term;
      squares += term * term;
    }
  }
  if (size != nullptr) *size = std::sqrt(squares);
  return loss;
}

std::vector<float> GradientsOf(TrainNetwork* network, const Tensor& pictures) {
  const TrainNetwork::Outputs o = *network->Forward(pictures);
  EXPECT_TRUE(network->Backward(LossGradients(o), false, nullptr).ok());
  std::vector<float> host(static_cast<size_t>(network->num_values()));
  EXPECT_TRUE(
      network->math()
          ->Fetch(network->gradients(), network->num_values(), host.data())
          .ok());
  return host;
}

double Norm(absl::Span<const float> values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum);
}

TEST(TrainNetworkTest, GammasAndBetasAreTrained) {
  const auto backend = Cpu();
  const auto network = Make(Initial(), FromScratch(), backend.get());
  int gammas = 0, betas = 0, kernels = 0;
  for (const Parameter* p : network->parameters()) {
    gammas += absl::EndsWith(p->name, "/gamma");
    betas += absl::EndsWith(p->name, "/beta");
    kernels += absl::StartsWith(p->name, "extractor/") &&
               absl::EndsWith(p->name, "/W");
    if (!absl::EndsWith(p->name, "/W")) {
      EXPECT_TRUE(p->is_bias) << p->name;
    }
  }
  EXPECT_GT(gammas, 0);
  EXPECT_EQ(gammas, kernels);
  EXPECT_EQ(betas, kernels);
}

// Each along its own gradient, where the loss changes most.
TEST(TrainNetworkTest, GradientsAreSlopes) {
  const auto backend = Cpu();
  const auto network = Make(Initial(), FromScratch(), backend.get());
  const Tensor pictures = Pictures();
  double size = 0;
  LossOf(network.get(), pictures, &size);
  GradientsOf(network.get(), pictures);
  for (const char* name :
       {"extractor/res1/conv1/W", "extractor/res1/bn1/gamma",
        "extractor/res2/res2_a/bn4/beta", "extractor/res3/res3_a/conv2/W",
        "extractor/res4/res4_b1/bn3/gamma", "extractor/res5/res5_a/conv4/W",
        "extractor/res5/res5_b1/bn2/beta", "rpn/conv1/W"}) {
    SCOPED_TRACE(name);
    Parameter* found = nullptr;
    for (Parameter* p : network->parameters()) {
      if (p->name == name) found = p;
    }
    ASSERT_NE(found, nullptr);
    const absl::Span<const float> g =
        absl::MakeConstSpan(found->gradient, found->size());
    const std::vector<float> start(found->value, found->value + found->size());
    const double slope = Norm(g);
    ASSERT_GT(slope, 0);
    // Large beside the rounding of the outputs, small beside the outputs.
    const double step = 2e-3 * size / slope;
    double loss[2];
    for (const int side : {0, 1}) {
      for (int64_t i = 0; i < found->size(); ++i) {
        found->value[i] = static_cast<float>(
            start[i] + (side == 0 ? -step : step) * g[i] / slope);
      }
      ASSERT_TRUE(network->Refresh().ok());
      loss[side] = LossOf(network.get(), pictures);
    }
    std::copy(start.begin(), start.end(), found->value);
    ASSERT_TRUE(network->Refresh().ok());
    // ReLUs that change sides within the step.
    EXPECT_NEAR((loss[1] - loss[0]) / (2 * step), slope, 0.02 * slope);
  }
}

TEST(TrainNetworkTest, LikeRef) {
  const auto cpu = Cpu();
  const auto ref = *kernels::MakeTrainBackend("ref", kernels::Precision::kF32);
  const Tensor pictures = kernels::RandomTensor("small", {2, 48, 48, 3});
  const auto want = Make(Initial(), FromScratch(), ref.get());
  const auto got = Make(Initial(), FromScratch(), cpu.get());
  GradientsOf(want.get(), pictures);
  GradientsOf(got.get(), pictures);
  ASSERT_EQ(got->parameters().size(), want->parameters().size());
  for (size_t i = 0; i < want->parameters().size(); ++i) {
    const Parameter &a = *got->parameters()[i], &b = *want->parameters()[i];
    ASSERT_EQ(a.name, b.name);
    const Tensor wanted = b.to_file(b.gradient);
    EXPECT_TRUE(
        AllNear(a.to_file(a.gradient), wanted, 2e-3 * AbsMax(wanted) + 1e-5))
        << a.name;
  }
}

TEST(TrainNetworkTest, RepeatsBitForBit) {
  const auto backend = Cpu();
  const auto network = Make(Initial(), FromScratch(), backend.get());
  const Tensor pictures = Pictures();
  const std::vector<float> first = GradientsOf(network.get(), pictures);
  EXPECT_EQ(GradientsOf(network.get(), pictures), first);
}

// What a saved model's statistics are called, and where they were counted.
int64_t ValuesPerChannel(const std::string& name) {
  const int stage = name[std::string("extractor/res").size()] - '0';
  const int64_t stride = stage >= 4 ? 16 : int64_t{1} << stage;
  return kPictures * (kHeight / stride) * (kWidth / stride);
}

TEST(TrainNetworkTest, ASavedModelFoldsToTheSameMaps) {
  const auto backend = Cpu();
  const auto network = Make(Initial(), FromScratch(), backend.get());
  const Tensor pictures = Pictures();
  const TrainNetwork::Outputs want = *network->Forward(pictures);
  model::Weights saved = *network->Save();
  for (auto& entry : saved.tensors) {
    if (!absl::EndsWith(entry.first, "/avg_var")) continue;
    // Saved divided by m - 1, to stand for other pictures; here are the same.
    const double m = static_cast<double>(ValuesPerChannel(entry.first));
    for (float& v : entry.second.mutable_span<float>()) v *= (m - 1) / m;
  }
  const auto detector = kernels::MakeTestBackend("cpu");
  const model::Topology topology = model::TopologyOf(saved.config);
  const model::Network folded = *model::Network::Create(
      topology, topology.outputs, saved, detector.get());
  for (int64_t n = 0; n < kPictures; ++n) {
    const auto picture = [n](const Tensor& t) {
      const int64_t size = t.num_elements() / t.dim(0);
      return Tensor::FromSpan<float>({1, t.dim(1), t.dim(2), t.dim(3)},
                                     t.span<float>().subspan(n * size, size));
    };
    const std::vector<Tensor> got = *folded.Run(picture(pictures), nullptr);
    for (size_t k = 0; k < 4; ++k) {
      const Tensor wanted = picture(want[k]);
      EXPECT_TRUE(AllNear(got[k], wanted, 1e-4 * AbsMax(wanted))) << k;
    }
  }
}

// What goes from one launch to the next stays on the device. The outputs that
// are wanted in host memory are waited for, one after the other.
TEST(TrainNetworkTest, WaitsForNoMoreThanItsOutputs) {
  const auto backend = kernels::MakeTestTrainBackend("emulated");
  TrainConfig recipe;
  recipe.set_normalization(TrainConfig::BIAS);
  const auto network = Make(Initial(), recipe, backend.get());
  kernels::Backend& forward = backend->forward();
  const Tensor pictures = kernels::RandomTensor("small", {2, 48, 48, 3});
  for (const bool add : {false, true}) {
    int64_t before = kernels::EmulatedWaits(forward);
    const TrainNetwork::Outputs o = *network->Forward(pictures);
    int64_t on_host = 0;
    for (const Tensor& t : o) on_host += t.device() == Device::kHost;
    EXPECT_EQ(kernels::EmulatedWaits(forward) - before, on_host);
    EXPECT_LE(on_host, 2);
    before = kernels::EmulatedWaits(forward);
    ASSERT_TRUE(network->Backward(LossGradients(o), add, nullptr).ok());
    ASSERT_TRUE(network->Refresh().ok());
    EXPECT_EQ(kernels::EmulatedWaits(forward), before);
  }
}

// Convolutions of the frozen stages are prepared once, have no gradients, and
// none of their maps is kept but the last.
TEST(TrainNetworkTest, FrozenStagesCostTheirForwardOnly) {
  const Tensor pictures = kernels::RandomTensor("small", {1, 64, 64, 3});
  const model::Weights weights = Initial();
  int64_t kept[3], not_kept = pictures.num_bytes();
  for (const int stages : {0, 2}) {
    const auto backend = kernels::MakeTestTrainBackend("emulated");
    const auto work = [&] {
      return kernels::EmulatedWorkOf(backend->forward());
    };
    TrainConfig recipe;
    recipe.set_normalization(TrainConfig::BIAS);
    recipe.set_frozen_stages(stages);
    const auto network = Make(weights, recipe, backend.get());
    int64_t frozen = 0, ends = 0, layers = 0, last = 0;
    const model::Topology topology = model::TopologyOf(weights.config);
    for (const model::ConvSpec& layer : topology.layers) {
      const auto is_frozen = [&](const model::ConvSpec& l) {
        return l.stage > 0 && l.stage <= stages;
      };
      ++layers;
      if (is_frozen(layer)) {
        ++frozen;
        const int64_t channels = weights.tensors.at(layer.name + "/W").dim(0);
        last = channels * 16 * 16 * int64_t{sizeof(float)};
        not_kept += last;
        if (layer.pooled) not_kept += 4 * last;
      }
      ends += !is_frozen(layer) &&
              (layer.source < 0 ||
               is_frozen(topology.layers[static_cast<size_t>(layer.source)]));
    }
    EXPECT_EQ(work().prepared, frozen);
    EXPECT_EQ(work().made, layers - frozen);
    const kernels::EmulatedWork before = work();
    const TrainNetwork::Outputs o = *network->Forward(pictures);
    EXPECT_EQ(work().forward - before.forward, layers);
    kept[stages] = work().bytes - before.bytes;
    ASSERT_TRUE(network->Backward(LossGradients(o), false, nullptr).ok());
    ASSERT_TRUE(network->Refresh().ok());
    EXPECT_EQ(work().gradients_of_weight, layers - frozen);
    EXPECT_EQ(work().gradients_of_x, layers - frozen - ends);
    EXPECT_EQ(work().prepared, frozen);
    not_kept -= last;
  }
  EXPECT_EQ(kept[0] - kept[2], not_kept);
}

// Statistics are summed over processes in host memory: one wait for a batch
// norm's sums and two for its gamma and beta; back, one for the sums and, where
// gradients are added, two for what they are added to.
TEST(TrainNetworkTest, BatchNormsWaitForTheirStatistics) {
  const auto backend = kernels::MakeTestTrainBackend("emulated");
  const auto network = Make(Initial(), FromScratch(), backend.get());
  kernels::Backend& forward = backend->forward();
  int64_t norms = 0;
  for (const Parameter* p : network->parameters()) {
    norms += absl::EndsWith(p->name, "/gamma");
  }
  ASSERT_GT(norms, 0);
  const Tensor pictures = kernels::RandomTensor("small", {2, 48, 48, 3});
  for (const bool add : {false, true}) {
    int64_t before = kernels::EmulatedWaits(forward);
    const TrainNetwork::Outputs o = *network->Forward(pictures);
    int64_t on_host = 0;
    for (const Tensor& t : o) on_host += t.device() == Device::kHost;
    EXPECT_EQ(kernels::EmulatedWaits(forward) - before, on_host + 3 * norms);
    before = kernels::EmulatedWaits(forward);
    ASSERT_TRUE(network->Backward(LossGradients(o), add, nullptr).ok());
    EXPECT_EQ(kernels::EmulatedWaits(forward) - before, (add ? 3 : 1) * norms);
  }
}

TEST(TrainNetworkTest, ResumesFromWhatItSaved) {
  const auto backend = Cpu();
  TrainConfig recipe = FromScratch();
  recipe.set_norm_momentum(0.9);
  const auto network = Make(Initial(), recipe, backend.get());
  const Tensor pictures = Pictures();
  ASSERT_TRUE(network->Forward(pictures).ok());
  const auto other = Make(*network->Save(), recipe, backend.get());
  ASSERT_TRUE(network->Forward(pictures).ok());
  ASSERT_TRUE(other->Forward(pictures).ok());
  const model::Weights a = *network->Save(), b = *other->Save();
  for (const auto& entry : a.tensors) {
    EXPECT_TRUE(AllEqual(b.tensors.at(entry.first), entry.second))
        << entry.first;
  }
}

}  // namespace
}  // namespace fcis::train
