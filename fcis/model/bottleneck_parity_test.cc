// Frozen batch norm and whole residual blocks against the reference.
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/network.h"
#include "fcis/model/testing/golden_block.h"
#include "fcis/model/topology.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(BatchNormFactors, IsFixedBatchNormalization) {
  const GoldenFile golden("ops_bn_blocks.npz");
  int cases = 0;
  for (; golden.Has(absl::StrCat("bn", cases, "/x")); ++cases) {
    const auto get = [&](const char* name) {
      return golden.Get(absl::StrCat("bn", cases, "/", name));
    };
    const Tensor x = get("x");
    const Tensor y = get("y");
    const int64_t channels = x.dim(1);
    std::vector<double> factor(channels), bias(channels);
    BatchNormFactors(get("gamma"), get("beta"), get("mean"), get("var"),
                     golden.Float(absl::StrCat("bn", cases, "/eps")),
                     factor.data(), bias.data());
    Tensor got(x.shape());
    const int64_t plane = x.dim(2) * x.dim(3);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const int64_t c = i / plane % channels;
      got.mutable_data<float>()[i] =
          static_cast<float>(x.data<float>()[i] * factor[c] + bias[c]);
    }
    EXPECT_TRUE(AllNear(got, y, 2e-5 * AbsMax(y))) << cases;
  }
  EXPECT_GT(cases, 0);
}

class BlockParity : public ::testing::TestWithParam<
                        std::tuple<const char*, GoldenBlockCase>> {};

TEST_P(BlockParity, Output) {
  const auto& [backend_name, block] = GetParam();
  const GoldenFile golden("ops_bn_blocks.npz");
  const auto& [spec, weights] = ReadGoldenBlock(golden, block);
  const auto backend =
      kernels::MakeBackend(backend_name, kernels::Precision::kF32);
  ASSERT_TRUE(backend.ok()) << backend.status();
  Topology topology;
  topology.outputs = {AddBottleneck(spec, &topology)};
  ASSERT_TRUE(CheckTensors(topology, weights).ok());
  const auto made =
      Network::Create(topology, topology.outputs, weights, backend->get());
  ASSERT_TRUE(made.ok()) << made.status();
  const auto y = made->Run(NchwToNhwc(golden.Get(spec.name + "/x")), nullptr);
  ASSERT_TRUE(y.ok()) << y.status();
  const Tensor want = golden.Get(spec.name + "/y");
  EXPECT_TRUE(AllNear(NhwcToNchw((*y)[0]), want, 2e-5 * AbsMax(want)));
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, BlockParity,
    ::testing::Combine(::testing::Values("ref", "cpu"),
                       ::testing::ValuesIn(kGoldenBlocks)));

TEST(FoldBatchNorm, RefusesANegativeVariance) {
  Weights weights;
  weights.source = "my.npz";
  weights.tensors["c/W"] = Tensor::Zeros({1, 1, 1, 1});
  for (const char* part : {"gamma", "beta", "avg_mean"}) {
    weights.tensors[absl::StrCat("n/", part)] = Tensor::Zeros({1});
  }
  weights.tensors["n/avg_var"] = Tensor::FromSpan<float>({1}, {-1});
  const auto folded =
      FoldBatchNorm(weights, weights.tensors.at("c/W"), "n", 1e-5);
  EXPECT_TRUE(absl::StrContains(folded.status().message(),
                                "my.npz: n/avg_var holds -1"));
}

TEST(FoldBatchNorm, TakesOverMemoryThatNobodyShares) {
  Weights weights;
  const auto set = [&](const char* part, float value) {
    weights.tensors[absl::StrCat("n/", part)] =
        Tensor::FromSpan<float>({1}, {value});
  };
  set("gamma", 3), set("beta", 0), set("avg_mean", 0), set("avg_var", 1);
  Tensor kernel = Tensor::FromSpan<float>({1, 1, 1, 1}, {5});
  const auto copied = FoldBatchNorm(weights, kernel, "n", 0);
  EXPECT_EQ(kernel.data<float>()[0], 5);
  EXPECT_EQ(copied->weight.data<float>()[0], 15);
  const void* const memory = kernel.raw();
  const auto folded = FoldBatchNorm(weights, std::move(kernel), "n", 0);
  EXPECT_EQ(folded->weight.raw(), memory);
  EXPECT_EQ(folded->weight.data<float>()[0], 15);
}

}  // namespace
}  // namespace fcis::model
