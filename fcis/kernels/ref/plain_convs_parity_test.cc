// Gradients of the plain loops against the reference's numbers.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/ref/plain_convs.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

double Limit(const Tensor& want) { return 1e-5 * std::max(1.0, AbsMax(want)); }

TEST(PlainConvsParity, EveryGradient) {
  const GoldenFile golden("ops_conv.npz");
  PlainConvs convs(HostDevice::Shared(), DType::kF32);
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
    const Tensor gx = golden.Get(at + "gx");
    const Tensor gw = golden.Get(at + "gW");

    const auto conv = *convs.Make(params, w.shape(), {});
    const Tensor bias = Tensor::Zeros(Shape{w.dim(0)});
    std::vector<float> stored(static_cast<size_t>(w.num_elements()));
    std::vector<float> of_weight(stored.size());
    Tensor of_bias(bias.shape());
    conv->ToStored(w, stored.data());
    ASSERT_TRUE(conv->Set(stored.data(), bias.data<float>()).ok());
    const auto of_x = conv->GradientOfX(x.shape(), gy);
    ASSERT_TRUE(of_x.ok()) << of_x.status();
    EXPECT_TRUE(AllNear(NhwcToNchw(*of_x), gx, Limit(gx)));
    ASSERT_TRUE(conv->GradientOfWeight(x, gy, /*add=*/false, of_weight.data(),
                                       of_bias.mutable_data<float>())
                    .ok());
    EXPECT_TRUE(AllNear(conv->FromStored(of_weight.data()), gw, Limit(gw)));
    if (golden.Has(at + "gb")) {
      const Tensor gb = golden.Get(at + "gb");
      EXPECT_TRUE(AllNear(of_bias, gb, Limit(gb)));
    }
  }
}

}  // namespace
}  // namespace fcis::kernels
