// Gradients against the reference's numbers.
#include "fcis/kernels/ref/ref_gradients.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

double Limit(const Tensor& want) { return 1e-5 * std::max(1.0, AbsMax(want)); }

TEST(RefConvGradients, EveryCase) {
  const GoldenFile golden("ops_conv.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("conv", i, "/");
    SCOPED_TRACE(at);
    const std::vector<int> spd = golden.Ints(at + "stride_pad_dilate");
    ConvParams params;
    params.stride = spd[0];
    params.pad = spd[1];
    params.dilation = spd[2];
    const Tensor x = NchwToNhwc(golden.Get(at + "x"));
    const Tensor w = golden.Get(at + "W");
    const Tensor gy = NchwToNhwc(golden.Get(at + "gy"));
    const WeightGradients got =
        RefConvGradientOfWeight(params, x, w.shape(), gy);
    const Tensor gx = golden.Get(at + "gx");
    const Tensor gw = golden.Get(at + "gW");
    EXPECT_TRUE(
        AllNear(NhwcToNchw(RefConvGradientOfX(params, x.shape(), w, gy)), gx,
                Limit(gx)));
    EXPECT_TRUE(AllNear(got.weight, gw, Limit(gw)));
    if (golden.Has(at + "gb")) {
      const Tensor gb = golden.Get(at + "gb");
      EXPECT_TRUE(AllNear(got.bias, gb, Limit(gb)));
    }
  }
}

}  // namespace
}  // namespace fcis::kernels
