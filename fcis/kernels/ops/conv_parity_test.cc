// Convolution against the reference's numbers, on every backend.
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class ConvParityTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ConvParityTest, EveryCase) {
  const GoldenFile golden("ops_conv.npz");
  const auto backend = MakeTestBackend(GetParam());
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("conv", i, "/");
    SCOPED_TRACE(at);
    const Tensor weight = golden.Get(at + "W");
    const std::vector<int> spd = golden.Ints(at + "stride_pad_dilate");
    ConvParams params;
    params.stride = spd[0];
    params.pad = spd[1];
    params.dilation = spd[2];
    const Tensor bias = golden.Has(at + "b")
                            ? golden.Get(at + "b")
                            : Tensor::Zeros(Shape{weight.dim(0)});
    auto conv = ops::PrepareConv(*backend, params, weight, bias);
    ASSERT_TRUE(conv.ok()) << conv.status();
    const auto y =
        OnHost(*backend,
               ops::Conv(*backend, **conv, NchwToNhwc(golden.Get(at + "x"))));
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_TRUE(AllNear(NhwcToNchw(*y), golden.Get(at + "y"), 1e-5));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ConvParityTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
