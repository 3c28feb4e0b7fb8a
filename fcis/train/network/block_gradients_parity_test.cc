// Gradients of residual blocks and of frozen batch norms, as they are trained,
// against the reference.
#include <map>
#include <string>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/testing/golden_block.h"
#include "fcis/model/topology.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/testing/file_gradients.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

// A 1x1 convolution that changes nothing.
Tensor Identity(int64_t channels) {
  Tensor w = Tensor::Zeros({channels, channels, 1, 1});
  for (int64_t c = 0; c < channels; ++c) {
    w.mutable_data<float>()[c * (channels + 1)] = 1;
  }
  return w;
}

struct Gradients {
  Tensor x;                               // NCHW, as the fixtures
  std::map<std::string, Tensor> tensors;  // in the file's form
};

// Of sum(y * gy) for the topology's only output y; x, gy: NCHW.
void RunBothWays(const model::Topology& topology, const model::Weights& weights,
                 const Tensor& x, const Tensor& gy,
                 kernels::TrainBackend* backend, Gradients* gradients) {
  TrainConfig recipe;
  recipe.set_frozen_stages(0);
  const auto network = TrainNetwork::Create(topology, weights, recipe, backend);
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_TRUE((*network)->Forward(NchwToNhwc(x)).ok());
  Tensor gx;
  const absl::Status status =
      (*network)->Backward({NchwToNhwc(gy)}, false, nullptr, &gx);
  ASSERT_TRUE(status.ok()) << status;
  gx = *backend->forward().ToHost(gx);
  gradients->x = NhwcToNchw(gx);
  gradients->tensors = FileGradients(**network, weights);
}

class FrozenNormGradients : public ::testing::TestWithParam<std::string> {};

TEST_P(FrozenNormGradients, AreTheReferences) {
  const GoldenFile golden("ops_bn_blocks.npz");
  const auto backend = kernels::MakeTestTrainBackend(GetParam());
  int cases = 0;
  for (; golden.Has(absl::StrCat("bn", cases, "/x")); ++cases) {
    SCOPED_TRACE(cases);
    const auto get = [&](const char* name) {
      return golden.Get(absl::StrCat("bn", cases, "/", name));
    };
    const Tensor x = get("x");
    model::ConvSpec layer;
    layer.name = "same";
    layer.norm = "bn";
    layer.norm_eps = golden.Float(absl::StrCat("bn", cases, "/eps"));
    layer.in = layer.out = x.dim(1);
    model::Topology topology;
    topology.layers = {layer};
    topology.outputs = {0};
    model::Weights weights;
    weights.tensors = {{"same/W", Identity(layer.in)},
                       {"bn/gamma", get("gamma")},
                       {"bn/beta", get("beta")},
                       {"bn/avg_mean", get("mean")},
                       {"bn/avg_var", get("var")}};
    Gradients got;
    RunBothWays(topology, weights, x, get("gy"), backend.get(), &got);
    const auto expect = [&](const Tensor& t, const char* name) {
      const Tensor want = get(name);
      EXPECT_TRUE(AllNear(t, want, 2e-5 * AbsMax(want))) << name;
    };
    expect(got.x, "gx");
    expect(got.tensors["bn/gamma"], "ggamma");
    expect(got.tensors["bn/beta"], "gbeta");
  }
  EXPECT_GT(cases, 0);
}

INSTANTIATE_TEST_SUITE_P(Backends, FrozenNormGradients,
                         ::testing::ValuesIn(kernels::TrainBackendNames()),
                         [](const auto& info) {
                           return kernels::BackendTestName(info.param);
                         });

class BlockGradients : public ::testing::TestWithParam<
                           std::tuple<std::string, model::GoldenBlockCase>> {};

TEST_P(BlockGradients, AreTheReferences) {
  const auto& [backend_name, block] = GetParam();
  const GoldenFile golden("ops_bn_blocks.npz");
  const auto backend = kernels::MakeTestTrainBackend(backend_name);
  auto [spec, weights] = model::ReadGoldenBlock(golden, block);
  model::Topology topology;
  // Outputs have no ReLU.
  model::ConvSpec end;
  end.name = "end";
  end.in = end.out = spec.out;
  end.source = model::AddBottleneck(spec, &topology);
  topology.layers.push_back(end);
  topology.outputs = {end.source + 1};
  weights.tensors["end/W"] = Identity(spec.out);
  weights.tensors["end/b"] = Tensor::Zeros({spec.out});

  Gradients got;
  RunBothWays(topology, weights, golden.Get(spec.name + "/x"),
              golden.Get(spec.name + "/gy"), backend.get(), &got);
  const Tensor gx = golden.Get(spec.name + "/gx");
  EXPECT_TRUE(AllNear(got.x, gx, 2e-5 * AbsMax(gx)));
  int kernels = 0;
  for (const auto& [tensor, gradient] : got.tensors) {
    if (tensor == "end/W" || !absl::EndsWith(tensor, "/W")) continue;
    ++kernels;
    const std::string stored =
        absl::StrCat(tensor.substr(0, tensor.size() - 1), "gW");
    const Tensor want = golden.Get(stored);
    EXPECT_TRUE(AllNear(gradient, want, 2e-5 * AbsMax(want))) << stored;
  }
  EXPECT_EQ(kernels, spec.projects ? 4 : 3);
}

INSTANTIATE_TEST_SUITE_P(
    Backends, BlockGradients,
    ::testing::Combine(::testing::ValuesIn(kernels::TrainBackendNames()),
                       ::testing::ValuesIn(model::kGoldenBlocks)));

}  // namespace
}  // namespace fcis::train
