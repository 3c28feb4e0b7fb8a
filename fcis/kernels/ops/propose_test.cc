#include "fcis/kernels/ops/propose.h"

#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

constexpr int kMapHeight = 13, kMapWidth = 9, kAnchors = 6;

class ProposeTest : public ::testing::TestWithParam<std::string> {
 protected:
  ProposeTest() {
    params_.select.pre_nms = 300;
    params_.select.post_nms = 40;
    params_.select.nms_thresh = 0.7f;
    params_.select.min_side = 2;
    params_.stride = 16;
    params_.anchor_base = AnchorBase(16, {0.5f, 1.0f, 2.0f}, {1, 2});
    params_.height = 16 * kMapHeight - 5;
    params_.width = 16 * kMapWidth - 3;
  }

  // Scores with ties, deltas with small and far boxes.
  Tensor Scores() {
    Tensor t = RandomTensor("scores", {1, kMapHeight, kMapWidth, 2 * kAnchors});
    for (float& v : t.mutable_span<float>()) {
      v = static_cast<float>(static_cast<int>(v * 50)) / 8;
    }
    return t;
  }
  Tensor Deltas() {
    return RandomTensor("deltas", {1, kMapHeight, kMapWidth, 4 * kAnchors});
  }

  // Like core's functions; where the exponential of a size is another
  // library's, a box differs by its rounding.
  void ExpectLikeHost(const Tensor& scores, const Tensor& deltas) {
    const auto want = ProposeOnHost(params_, scores, deltas);
    const auto got = ops::Propose(*backend_, params_, scores, deltas);
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_EQ(got->size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      const Box &a = (*got)[i], &b = want[i];
      EXPECT_NEAR(a.x0, b.x0, 1e-4) << i;
      EXPECT_NEAR(a.y0, b.y0, 1e-4) << i;
      EXPECT_NEAR(a.x1, b.x1, 1e-4) << i;
      EXPECT_NEAR(a.y1, b.y1, 1e-4) << i;
    }
  }

  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
  ProposeParams params_;
};

TEST_P(ProposeTest, LikeHost) {
  for (const int pre_nms : {-1, 1, 64, 65, 300, 5000}) {
    for (const int post_nms : {-1, 1, 40}) {
      for (const float thresh : {0.3f, 0.7f}) {
        SCOPED_TRACE(absl::StrCat(pre_nms, " ", post_nms, " ", thresh));
        params_.select.pre_nms = pre_nms;
        params_.select.post_nms = post_nms;
        params_.select.nms_thresh = thresh;
        ExpectLikeHost(Scores(), Deltas());
      }
    }
  }
}

TEST_P(ProposeTest, OddScores) {
  Tensor scores = Scores();
  float* v = scores.mutable_data<float>();
  v[1] = std::numeric_limits<float>::infinity();
  v[3] = -std::numeric_limits<float>::infinity();
  v[5] = -0.0f;
  v[7] = 0.0f;
  params_.select.pre_nms = -1;
  ExpectLikeHost(scores, Deltas());
}

TEST_P(ProposeTest, NothingIsLargeEnough) {
  params_.select.min_side = 1e6f;
  const auto got = ops::Propose(*backend_, params_, Scores(), Deltas());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->empty());
}

TEST_P(ProposeTest, EmptyMap) {
  const auto got =
      ops::Propose(*backend_, params_, Tensor::Zeros({1, 0, 5, 2 * kAnchors}),
                   Tensor::Zeros({1, 0, 5, 4 * kAnchors}));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->empty());
}

TEST_P(ProposeTest, BadShapesAreErrors) {
  EXPECT_FALSE(ops::Propose(*backend_, params_, Deltas(), Deltas()).ok());
  EXPECT_FALSE(ops::Propose(*backend_, params_, Scores(), Scores()).ok());
  params_.anchor_base.clear();
  EXPECT_FALSE(ops::Propose(*backend_, params_, Scores(), Deltas()).ok());
}

INSTANTIATE_TEST_SUITE_P(Backends, ProposeTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
