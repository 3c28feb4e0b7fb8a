// Frozen batch norm and whole residual blocks against the reference.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/bottleneck.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/frozen_gradients.h"
#include "gtest/gtest.h"

namespace fcis {
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

struct BlockCase {
  const char* name;
  int stride;
  int dilation;
};

constexpr BlockCase kBlocks[] = {
    {"A", 2, 1}, {"B", 1, 1}, {"DA", 1, 2}, {"DB", 1, 2}};

// The stored kernels and batch norms of one block.
Weights BlockWeights(const GoldenFile& golden, const std::string& name) {
  Weights weights;
  weights.source = name;
  for (const std::string& array : golden.names()) {
    if (!absl::StartsWith(array, name + "/")) continue;
    if (absl::EndsWith(array, "/W") || absl::StrContains(array, "/bn")) {
      weights.tensors[array] = golden.Get(array);
    }
  }
  return weights;
}

class BlockParity
    : public ::testing::TestWithParam<std::tuple<const char*, BlockCase>> {};

TEST_P(BlockParity, Output) {
  const auto& [backend_name, block] = GetParam();
  const GoldenFile golden("ops_bn_blocks.npz");
  const std::string name = absl::StrCat("block_", block.name);
  const Weights weights = BlockWeights(golden, name);
  const auto backend = MakeBackend(backend_name, Precision::kF32);
  ASSERT_TRUE(backend.ok()) << backend.status();
  BottleneckParams params;
  params.stride = block.stride;
  params.dilation = block.dilation;
  const auto made = Bottleneck::Create(weights, name, params, backend->get());
  ASSERT_TRUE(made.ok()) << made.status();
  const auto y = made->Run(NchwToNhwc(golden.Get(name + "/x")));
  ASSERT_TRUE(y.ok()) << y.status();
  const Tensor want = golden.Get(name + "/y");
  EXPECT_TRUE(AllNear(NhwcToNchw(*y), want, 2e-5 * AbsMax(want)));
}

INSTANTIATE_TEST_SUITE_P(Blocks, BlockParity,
                         ::testing::Combine(::testing::Values("ref", "cpu"),
                                            ::testing::ValuesIn(kBlocks)));

TEST(FrozenBatchNormGradients, IsTheReferences) {
  const GoldenFile golden("ops_bn_blocks.npz");
  for (int i = 0; golden.Has(absl::StrCat("bn", i, "/x")); ++i) {
    const auto get = [&](const char* name) {
      return golden.Get(absl::StrCat("bn", i, "/", name));
    };
    const BatchNormGradients got = FrozenBatchNormGradients(
        NchwToNhwc(get("x")), get("gamma"), get("mean"), get("var"),
        golden.Float(absl::StrCat("bn", i, "/eps")), NchwToNhwc(get("gy")));
    const auto expect = [&](const Tensor& t, const char* name) {
      const Tensor want = get(name);
      EXPECT_TRUE(AllNear(t, want, 2e-5 * AbsMax(want))) << i << name;
    };
    expect(NhwcToNchw(got.x), "gx");
    expect(got.gamma, "ggamma");
    expect(got.beta, "gbeta");
  }
}

class BlockGradientParity : public ::testing::TestWithParam<BlockCase> {};

TEST_P(BlockGradientParity, InputAndKernels) {
  const GoldenFile golden("ops_bn_blocks.npz");
  const std::string name = absl::StrCat("block_", GetParam().name);
  BottleneckParams params;
  params.stride = GetParam().stride;
  params.dilation = GetParam().dilation;
  const auto got =
      FrozenBottleneckGradients(BlockWeights(golden, name), name, params,
                                NchwToNhwc(golden.Get(name + "/x")),
                                NchwToNhwc(golden.Get(name + "/gy")));
  ASSERT_TRUE(got.ok()) << got.status();
  const Tensor gx = golden.Get(name + "/gx");
  EXPECT_TRUE(AllNear(NhwcToNchw(got->x), gx, 2e-5 * AbsMax(gx)));
  ASSERT_GE(got->weights.size(), 3u);
  for (const auto& [weight, gradient] : got->weights) {
    const std::string stored =
        absl::StrCat(weight.substr(0, weight.size() - 1), "gW");
    const Tensor want = golden.Get(stored);
    EXPECT_TRUE(AllNear(gradient, want, 2e-5 * AbsMax(want))) << stored;
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, BlockGradientParity,
                         ::testing::ValuesIn(kBlocks));

TEST(FoldBatchNorm, RefusesANegativeVariance) {
  Weights weights;
  weights.source = "my.npz";
  weights.tensors["c/W"] = Tensor::Zeros({1, 1, 1, 1});
  for (const char* part : {"gamma", "beta", "avg_mean"}) {
    weights.tensors[absl::StrCat("n/", part)] = Tensor::Zeros({1});
  }
  weights.tensors["n/avg_var"] = Tensor::FromSpan<float>({1}, {-1});
  const auto folded = FoldBatchNorm(weights, "c", "n", 1e-5);
  EXPECT_TRUE(absl::StrContains(folded.status().message(),
                                "my.npz: n/avg_var holds -1"));
}

}  // namespace
}  // namespace fcis
