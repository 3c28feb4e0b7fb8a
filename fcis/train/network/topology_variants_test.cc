// Other networks than FCIS on a ResNet: an edit of the list of layers is all
// that they need.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/network.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/train/network/train_network.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

constexpr int64_t kHeight = 64, kWidth = 96;

struct Variant {
  const char* name;
  std::function<void(model::Topology*)> edit;
  // FLOPs less those of the network as it is.
  double more_flops;
};

model::ConvSpec* Find(const std::string& name, model::Topology* topology) {
  for (model::ConvSpec& layer : topology->layers) {
    if (layer.name == name) return &layer;
  }
  ADD_FAILURE() << name;
  return &topology->layers[0];
}

double Multiplications(const model::ConvSpec& layer, int64_t h, int64_t w) {
  return 2.0 * static_cast<double>(layer.out * layer.in * layer.kernel *
                                   layer.kernel * h * w);
}

// As in torchvision's ResNet; conv1 then computes four times as much.
void StrideInThe3x3(model::Topology* topology) {
  for (model::ConvSpec& layer : topology->layers) {
    if (layer.params.stride != 2 || !absl::EndsWith(layer.name, "/conv1") ||
        layer.stage < 2) {
      continue;
    }
    layer.params.stride = 1;
    Find(absl::StrReplaceAll(layer.name, {{"/conv1", "/conv2"}}), topology)
        ->params.stride = 2;
  }
}

// res5 dense instead of dilated by 2.
void OtherDilation(model::Topology* topology) {
  for (model::ConvSpec& layer : topology->layers) {
    if (layer.params.dilation != 2) continue;
    layer.params.dilation = layer.params.pad = 1;
  }
}

// The head also reads res4, by a lateral 1x1 convolution.
void LateralTap(model::Topology* topology) {
  std::vector<model::ConvSpec>& layers = topology->layers;
  const auto hidden = std::find_if(layers.begin(), layers.end(),
                                   [](const model::ConvSpec& layer) {
                                     return layer.name == "head/psroi_conv1";
                                   });
  model::ConvSpec lateral;
  lateral.name = "head/lateral";
  lateral.source = Find("rpn/conv1", topology)->source;
  lateral.in = layers[static_cast<size_t>(lateral.source)].out;
  lateral.out = hidden->out;
  const int at = static_cast<int>(hidden - layers.begin());
  for (model::ConvSpec& layer : layers) {
    if (layer.source >= at) ++layer.source;
  }
  for (int& output : topology->outputs) output += output >= at ? 1 : 0;
  hidden->residual = at;
  layers.insert(hidden, lateral);
}

model::Topology Plain() { return model::TopologyOf(*Preset("parity_small")); }

const Variant kVariants[] = {
    {"StrideInThe3x3", StrideInThe3x3,
     [] {
       model::Topology t = Plain();
       // 3 more of each 4 positions of res3_a's and res4_a's first layers.
       return Multiplications(*Find("extractor/res3/res3_a/conv1", &t),
                              kHeight / 4, kWidth / 4) *
                  .75 +
              Multiplications(*Find("extractor/res4/res4_a/conv1", &t),
                              kHeight / 8, kWidth / 8) *
                  .75;
     }()},
    {"OtherDilation", OtherDilation, 0},
    {"LateralTap", LateralTap,
     [] {
       model::Topology t = Plain();
       LateralTap(&t);
       return Multiplications(*Find("head/lateral", &t), kHeight / 16,
                              kWidth / 16);
     }()},
};

model::Weights WeightsOf(const model::Topology& topology) {
  model::Weights weights;
  for (const model::TensorSpec& tensor : model::TensorsOf(topology)) {
    weights.tensors[tensor.name] =
        model::DeterministicTensor(tensor.name, tensor.shape, 3);
  }
  return weights;
}

Tensor Picture() {
  Tensor x = kernels::RandomTensor("picture", {1, kHeight, kWidth, 3});
  for (float& v : x.mutable_span<float>()) v *= 100;
  return x;
}

class TopologyVariants : public ::testing::TestWithParam<Variant> {
 protected:
  TopologyVariants() : topology_(Plain()) {
    GetParam().edit(&topology_);
    weights_ = WeightsOf(topology_);
  }
  model::Topology topology_;
  model::Weights weights_;
};

TEST_P(TopologyVariants, FlopsAreItsOwn) {
  const double plain = *model::FlopsOf(Plain(), kHeight, kWidth);
  EXPECT_DOUBLE_EQ(*model::FlopsOf(topology_, kHeight, kWidth) - plain,
                   GetParam().more_flops);
}

TEST_P(TopologyVariants, WeightsAreChecked) {
  EXPECT_TRUE(model::CheckTensors(topology_, weights_).ok());
  const std::string first = topology_.layers[5].name + "/W";
  weights_.tensors.erase(first);
  EXPECT_TRUE(
      absl::StrContains(model::CheckTensors(topology_, weights_).message(),
                        absl::StrCat("missing: ", first)));
}

TEST_P(TopologyVariants, BackendsAgreeAndTrainingComputesTheSame) {
  const auto ref = kernels::MakeTestBackend("ref");
  const auto wanted = *model::Network::Create(topology_, topology_.outputs,
                                              weights_, ref.get());
  const std::vector<Tensor> want = *wanted.Run(Picture(), nullptr);
  const auto cpu = kernels::MakeTestBackend("cpu");
  const auto network = *model::Network::Create(topology_, topology_.outputs,
                                               weights_, cpu.get());
  const std::vector<Tensor> got = *network.Run(Picture(), nullptr);
  const auto training = kernels::MakeTestTrainBackend("cpu");
  const auto trained =
      *TrainNetwork::Create(topology_, weights_, TrainConfig(), training.get());
  const std::vector<Tensor> trained_maps = *trained->Forward(Picture());
  ASSERT_EQ(want.size(), 4u);
  for (size_t k = 0; k < want.size(); ++k) {
    const double near = 1e-4 * AbsMax(want[k]);
    EXPECT_TRUE(AllNear(got[k], want[k], near)) << k;
    EXPECT_TRUE(AllNear(trained_maps[k], want[k], near)) << k;
  }
}

// Of the sum of all outputs times random factors.
double LossOf(TrainNetwork* network, const std::vector<Tensor>& factors,
              double* size) {
  const std::vector<Tensor> outputs = *network->Forward(Picture());
  double loss = 0, squares = 0;
  for (size_t k = 0; k < outputs.size(); ++k) {
    const float* factor = factors[k].data<float>();
    for (const double v : outputs[k].span<float>()) {
      const double term = v * *factor++;
      loss += term;
      squares += term * term;
    }
  }
  *size = std::sqrt(squares);
  return loss;
}

// All parameters at once, along the gradient, where the loss changes most.
TEST_P(TopologyVariants, GradientsAreSlopes) {
  const auto backend = kernels::MakeTestTrainBackend("cpu");
  TrainConfig recipe;
  recipe.set_frozen_stages(0);
  recipe.set_normalization(TrainConfig::BIAS);
  const auto network =
      *TrainNetwork::Create(topology_, weights_, recipe, backend.get());
  std::vector<Tensor> factors;
  const std::vector<Tensor> outputs = *network->Forward(Picture());
  for (const Tensor& t : outputs) {
    factors.push_back(
        kernels::RandomTensor(absl::StrCat(factors.size()), t.shape()));
  }
  double size = 0;
  LossOf(network.get(), factors, &size);
  ASSERT_TRUE(network->Backward(factors, false, nullptr).ok());
  double squares = 0;
  std::vector<std::vector<float>> start, gradient;
  for (const Parameter* p : network->parameters()) {
    start.emplace_back(p->value, p->value + p->size());
    gradient.emplace_back(p->gradient, p->gradient + p->size());
    // Of the factored weight: the parameter's is factor * gradient.
    p->factors->Apply(gradient.back().data(), gradient.back().data());
    for (const double g : gradient.back()) squares += g * g;
  }
  const double slope = std::sqrt(squares);
  ASSERT_GT(slope, 0);
  // Large beside the rounding of the outputs, small beside the outputs.
  const double step = 2e-3 * size / slope;
  double loss[2];
  for (const int side : {0, 1}) {
    for (size_t i = 0; i < start.size(); ++i) {
      Parameter* const p = network->parameters()[i];
      for (int64_t k = 0; k < p->size(); ++k) {
        const size_t at = static_cast<size_t>(k);
        p->value[k] =
            static_cast<float>(start[i][at] + (side == 0 ? -step : step) *
                                                  gradient[i][at] / slope);
      }
    }
    ASSERT_TRUE(network->Refresh().ok());
    loss[side] = LossOf(network.get(), factors, &size);
  }
  // ReLUs that change sides within the step.
  EXPECT_NEAR((loss[1] - loss[0]) / (2 * step), slope, 0.02 * slope);
}

INSTANTIATE_TEST_SUITE_P(All, TopologyVariants, ::testing::ValuesIn(kVariants),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace fcis::train
