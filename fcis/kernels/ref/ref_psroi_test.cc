#include "fcis/kernels/ref/ref_psroi.h"

#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// 2 x 2 bins, one cell each, two values per bin; map pixel (h, w) holds
// 100 h + 10 w + channel.
class RefPsroiTest : public ::testing::Test {
 protected:
  RefPsroiTest() : maps_(Shape{4, 4, 8}) {
    params_.group_size = params_.roi_size = 2;
    params_.spatial_scale = 1;
    for (int i = 0; i < 128; ++i) {
      maps_.mutable_data<float>()[i] =
          static_cast<float>(100 * (i / 32) + 10 * (i / 8 % 4) + i % 8);
    }
  }

  PsroiParams params_;
  Tensor maps_;
  // x from 0 to 4, y from 1 to 3: cells 2 wide, 1 high.
  const Tensor rois_ = Tensor::FromSpan<float>(Shape{1, 4}, {0, 1, 4, 3});
};

TEST_F(RefPsroiTest, Pool) {
  Tensor y(Shape{1, 2, 2, 2});
  RefPsroiPool(params_, maps_, rois_, &y);
  EXPECT_TRUE(AllEqual(
      y, Tensor::FromSpan<float>(Shape{1, 2, 2, 2},
                                 {105, 106, 127, 128, 209, 210, 231, 232})));
}

TEST_F(RefPsroiTest, MeanScoresPair) {
  Tensor mean(Shape{1, 2}), scores(Shape{1, 1}), pair(Shape{1, 2, 2, 2});
  RefPsroiMean(params_, maps_, rois_, &mean);
  EXPECT_TRUE(AllEqual(mean, Tensor::FromSpan<float>(Shape{1, 2}, {168, 169})));
  RefPsroiClassScores(params_, maps_, rois_, &scores);
  EXPECT_EQ(scores.data<float>()[0], 169);
  RefPsroiClassPair(params_, maps_, rois_, Tensor::Zeros(Shape{1}, DType::kI32),
                    &pair);
  EXPECT_EQ(pair.data<float>()[3], 128);
}

}  // namespace
}  // namespace fcis
