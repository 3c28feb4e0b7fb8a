#include "fcis/kernels/ops/refine_boxes.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

constexpr float kHeight = 60, kWidth = 90;

class RefineBoxesTest : public ::testing::TestWithParam<std::string> {
 protected:
  RefineBoxesTest() {
    params_.height = kHeight;
    params_.width = kWidth;
  }
  std::vector<float> Refine(const Tensor& rois, const Tensor& deltas) {
    const auto y =
        OnHost(*backend_, ops::RefineBoxes(*backend_, params_, rois, deltas));
    EXPECT_TRUE(y.ok()) << y.status();
    if (!y.ok()) return {};
    EXPECT_EQ(y->shape(), (Shape{2 * rois.dim(0), 4}));
    return std::vector<float>(y->span<float>().begin(), y->span<float>().end());
  }

  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
  RefineParams params_;
};

// A shift by half a height and a quarter of a width; twice the width.
TEST_P(RefineBoxesTest, ShiftsAndStretchesInUnits) {
  const float units[] = {0.5f, 0.25f, 1, 2};
  std::copy(units, units + 4, params_.delta_std);
  const float half_ln2 = std::log(2.0f) / 2;
  const std::vector<float> got =
      Refine(Tensor::FromSpan<float>({1, 4}, {20, 10, 40, 20}),
             Tensor::FromSpan<float>({1, 8}, {9, 9, 9, 9, 1, 1, 0, half_ln2}));
  const float want[] = {20, 10, 40, 20, 15, 15, 55, 25};
  ASSERT_EQ(got.size(), 8u);
  // exp and the products round a few times.
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(got[i], want[i], 1e-5f) << i;
}

TEST_P(RefineBoxesTest, ManyRoisAreClipped) {
  const Tensor rois = RandomRois("rois", 300, kHeight, kWidth);
  const Tensor deltas = RandomTensor("deltas", {300, 4});
  const std::vector<float> got = Refine(rois, deltas);
  ASSERT_EQ(got.size(), 2400u);
  for (int r = 0; r < 300; ++r) {
    const float* from = rois.data<float>() + 4 * r;
    for (int k = 0; k < 4; ++k) EXPECT_EQ(got[4 * r + k], from[k]) << r;
    const Box want = RefinedBox(params_, {from[0], from[1], from[2], from[3]},
                                deltas.data<float>() + 4 * r);
    const float* box = &got[1200 + 4 * r];
    // Where exp is another library's it may differ by a rounding or two.
    EXPECT_NEAR(box[0], want.x0, 1e-4) << r;
    EXPECT_NEAR(box[1], want.y0, 1e-4) << r;
    EXPECT_NEAR(box[2], want.x1, 1e-4) << r;
    EXPECT_NEAR(box[3], want.y1, 1e-4) << r;
    for (int k = 0; k < 4; ++k) {
      EXPECT_GE(box[k], 0);
      EXPECT_LE(box[k], k % 2 == 0 ? kWidth : kHeight);
    }
  }
}

TEST_P(RefineBoxesTest, NoRoisGiveNone) {
  EXPECT_TRUE(Refine(Tensor::Zeros({0, 4}), Tensor::Zeros({0, 8})).empty());
}

TEST_P(RefineBoxesTest, BadArgumentsAreErrors) {
  const auto works = [&](const Tensor& rois, const Tensor& deltas) {
    return ops::RefineBoxes(*backend_, params_, rois, deltas).ok();
  };
  EXPECT_FALSE(works(Tensor::Zeros({2, 5}), Tensor::Zeros({2, 8})));
  EXPECT_FALSE(works(Tensor::Zeros({2, 4}), Tensor::Zeros({2, 3})));
  EXPECT_FALSE(works(Tensor::Zeros({2, 4}), Tensor::Zeros({3, 8})));
  EXPECT_FALSE(
      works(Tensor::Zeros({2, 4}), Tensor::Zeros({2, 8}, DType::kI32)));
}

INSTANTIATE_TEST_SUITE_P(Backends, RefineBoxesTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
