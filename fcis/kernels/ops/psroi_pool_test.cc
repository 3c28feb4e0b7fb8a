#include "fcis/kernels/ops/psroi_pool.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using ::testing::HasSubstr;

PsroiParams Rounding(PsroiRounding rounding) {
  PsroiParams params;
  params.rounding = rounding;
  return params;
}

TEST(PsroiAxis, RoundingRules) {
  const PsroiAxis scaled =
      MakePsroiAxis(Rounding(PsroiRounding::kRoundThenScale), 15.5f, 99.4f);
  EXPECT_EQ(scaled.corner, 1.0f);
  EXPECT_EQ(scaled.cell, (99 / 16.0f - 1.0f) / 21);
  const PsroiAxis inclusive = MakePsroiAxis(
      Rounding(PsroiRounding::kRoundThenScaleInclusive), 15.5f, 99.4f);
  EXPECT_EQ(inclusive.corner, 1.0f);
  EXPECT_EQ(inclusive.cell, (100 / 16.0f - 1.0f) / 21);
  const PsroiAxis exact =
      MakePsroiAxis(Rounding(PsroiRounding::kNone), 15.5f, 99.4f);
  EXPECT_EQ(exact.corner, 15.5f / 16);
  EXPECT_EQ(exact.cell, (99.4f / 16 - 15.5f / 16) / 21);
}

TEST(PsroiAxis, HalvesRoundAwayFromZero) {
  EXPECT_EQ(MakePsroiAxis(PsroiParams(), 2.5f, 50.0f).corner, 3 / 16.0f);
  EXPECT_EQ(MakePsroiAxis(PsroiParams(), -2.5f, 50.0f).corner, -3 / 16.0f);
}

TEST(PsroiAxis, EmptyRoiIsATenthOfAMapPixelLong) {
  EXPECT_EQ(MakePsroiAxis(PsroiParams(), 32.0f, 10.0f).cell, 0.1f / 21);
}

TEST(PsroiWindow, IsClippedToTheMap) {
  const PsroiAxis outside{-100.0f, 1.0f};
  EXPECT_EQ(MakePsroiWindow(outside, 0, 38).size(), 0);
  const PsroiAxis huge{1e30f, 1e30f};
  EXPECT_EQ(MakePsroiWindow(huge, 20, 38).start, 38);
  EXPECT_EQ(MakePsroiWindow(huge, 20, 38).size(), 0);
  const PsroiAxis wide{-5.0f, 100.0f};
  EXPECT_EQ(MakePsroiWindow(wide, 0, 38).start, 0);
  EXPECT_EQ(MakePsroiWindow(wide, 0, 38).end, 38);
}

TEST(PsroiChannel, EveryReferenceChannelIsUsedOnce) {
  constexpr int kGroup = 3, kDepth = 4;
  std::vector<int> seen(kGroup * kGroup * kDepth), ours(seen.size());
  for (int gh = 0; gh < kGroup; ++gh) {
    for (int gw = 0; gw < kGroup; ++gw) {
      for (int d = 0; d < kDepth; ++d) {
        ++seen[PsroiReferenceChannel(kGroup, gh, gw, d)];
        ++ours[PsroiChannel(kGroup, kDepth, gh, gw, d)];
      }
    }
  }
  EXPECT_THAT(seen, ::testing::Each(1));
  EXPECT_THAT(ours, ::testing::Each(1));
  EXPECT_EQ(PsroiReferenceChannel(7, 1, 2, 3), 3 * 49 + 1 * 7 + 2);
}

// 2 x 2 bins, one cell each, two values per bin; map pixel (h, w) holds
// 100 h + 10 w + channel.
class KnownPsroiTest : public ::testing::TestWithParam<std::string> {
 protected:
  KnownPsroiTest() : maps_(Shape{4, 4, 8}) {
    params_.group_size = params_.roi_size = 2;
    params_.spatial_scale = 1;
    for (int i = 0; i < 128; ++i) {
      maps_.mutable_data<float>()[i] =
          static_cast<float>(100 * (i / 32) + 10 * (i / 8 % 4) + i % 8);
    }
  }

  Tensor Pooled(PsroiForm form) {
    return *OnHost(*backend_, ops::Psroi(*backend_, form, params_, maps_, rois_,
                                         Tensor::Zeros({1}, DType::kI32)));
  }

  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
  PsroiParams params_;
  Tensor maps_;
  // x from 0 to 4, y from 1 to 3: cells 2 wide, 1 high.
  const Tensor rois_ = Tensor::FromSpan<float>(Shape{1, 4}, {0, 1, 4, 3});
};

TEST_P(KnownPsroiTest, Pool) {
  EXPECT_TRUE(AllEqual(
      Pooled(PsroiForm::kPool),
      Tensor::FromSpan<float>(Shape{1, 2, 2, 2},
                              {105, 106, 127, 128, 209, 210, 231, 232})));
}

TEST_P(KnownPsroiTest, MeanScoresPair) {
  EXPECT_TRUE(AllEqual(Pooled(PsroiForm::kMean),
                       Tensor::FromSpan<float>(Shape{1, 2}, {168, 169})));
  EXPECT_EQ(Pooled(PsroiForm::kClassScores).data<float>()[0], 169);
  EXPECT_EQ(Pooled(PsroiForm::kClassPair).data<float>()[3], 128);
}

class PsroiTest : public ::testing::TestWithParam<std::string> {
 protected:
  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
  const Tensor maps_ = RandomTensor("maps", Shape{11, 13, 49 * 6});
  const Tensor rois_ = RandomRois("rois", 37, 11 * 16, 13 * 16);
  const PsroiParams params_;
};

// The reduced forms agree with what they are defined by.
TEST_P(PsroiTest, MeanScoresAndPairFollowFromThePool) {
  Tensor classes(Shape{37}, DType::kI32);
  for (int r = 0; r < 37; ++r) classes.mutable_data<int32_t>()[r] = r % 3;
  const auto pooled = [&](PsroiForm form) {
    return OnHost(*backend_,
                  ops::Psroi(*backend_, form, params_, maps_, rois_, classes))
        .value();
  };
  const Tensor pool = pooled(PsroiForm::kPool);
  const Tensor mean = pooled(PsroiForm::kMean);
  const Tensor scores = pooled(PsroiForm::kClassScores);
  const Tensor pair = pooled(PsroiForm::kClassPair);
  ASSERT_EQ(pool.shape(), (Shape{37, 21, 21, 6}));
  for (int r = 0; r < 37; ++r) {
    double sums[6] = {}, maxima[3] = {};
    for (int cell = 0; cell < 441; ++cell) {
      const float* v = pool.data<float>() + (r * 441 + cell) * 6;
      for (int d = 0; d < 6; ++d) sums[d] += v[d];
      for (int c = 0; c < 3; ++c) maxima[c] += std::max(v[2 * c], v[2 * c + 1]);
      const float* p = pair.data<float>() + (r * 441 + cell) * 2;
      EXPECT_EQ(p[0], v[2 * (r % 3)]);
      EXPECT_EQ(p[1], v[2 * (r % 3) + 1]);
    }
    // Values are at most 1; 441 roundings of 2^-24 each.
    for (int d = 0; d < 6; ++d) {
      EXPECT_NEAR(mean.data<float>()[r * 6 + d], sums[d] / 441, 3e-5);
    }
    for (int c = 0; c < 3; ++c) {
      EXPECT_NEAR(scores.data<float>()[r * 3 + c], maxima[c] / 441, 3e-5);
    }
  }
}

TEST_P(PsroiTest, NoRoisGiveNothing) {
  const Tensor none = Tensor::Zeros(Shape{0, 4});
  const auto shape = [&](PsroiForm form) {
    return ops::Psroi(*backend_, form, params_, maps_, none,
                      Tensor(Shape{0}, DType::kI32))
        ->shape();
  };
  EXPECT_EQ(shape(PsroiForm::kPool), (Shape{0, 21, 21, 6}));
  EXPECT_EQ(shape(PsroiForm::kMean), (Shape{0, 6}));
  EXPECT_EQ(shape(PsroiForm::kClassScores), (Shape{0, 3}));
  EXPECT_EQ(shape(PsroiForm::kClassPair), (Shape{0, 21, 21, 2}));
}

TEST_P(PsroiTest, RoiOutsideTheMapsIsZero) {
  const Tensor far =
      Tensor::FromSpan<float>(Shape{1, 4}, {5000, 5000, 6000, 6000});
  const auto y = OnHost(
      *backend_,
      ops::Psroi(*backend_, PsroiForm::kClassScores, params_, maps_, far));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(AllEqual(*y, Tensor::Zeros(Shape{1, 3})));
}

TEST_P(PsroiTest, BadArgumentsAreNamed) {
  const auto message = [&](const PsroiParams& params, const Tensor& maps,
                           const Tensor& rois) {
    return std::string(
        ops::Psroi(*backend_, PsroiForm::kPool, params, maps, rois)
            .status()
            .message());
  };
  PsroiParams bad;
  bad.group_size = 22;
  EXPECT_THAT(message(bad, maps_, rois_), HasSubstr("group size 22"));
  EXPECT_THAT(message(params_, Tensor::Zeros(Shape{4, 4, 50}), rois_),
              HasSubstr("a multiple of 49"));
  EXPECT_THAT(message(params_, maps_, Tensor::Zeros(Shape{3, 5})),
              HasSubstr("expected f32 R,4"));
  Tensor nan = Tensor::Zeros(Shape{1, 4});
  nan.mutable_data<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(message(params_, maps_, nan), HasSubstr("not finite"));
  EXPECT_FALSE(ops::Psroi(*backend_, PsroiForm::kClassScores, params_,
                          Tensor::Zeros(Shape{4, 4, 49 * 3}), rois_)
                   .ok());
  const auto of_classes = [&](const Tensor& classes) {
    return std::string(ops::Psroi(*backend_, PsroiForm::kClassPair, params_,
                                  maps_, rois_, classes)
                           .status()
                           .message());
  };
  Tensor classes = Tensor::Zeros(Shape{37}, DType::kI32);
  classes.mutable_data<int32_t>()[5] = 3;
  EXPECT_THAT(of_classes(classes), HasSubstr("class 3, expected 0..2"));
  EXPECT_THAT(of_classes(Tensor()), HasSubstr("expected i32 37"));
}

std::string NameOf(const ::testing::TestParamInfo<std::string>& info) {
  return BackendTestName(info.param);
}
INSTANTIATE_TEST_SUITE_P(Backends, PsroiTest,
                         ::testing::ValuesIn(BackendNames()), NameOf);
INSTANTIATE_TEST_SUITE_P(Backends, KnownPsroiTest,
                         ::testing::ValuesIn(BackendNames()), NameOf);

}  // namespace
}  // namespace fcis::kernels
