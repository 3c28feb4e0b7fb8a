// MaskVoting against a plain implementation that leaves nothing out.
#include "fcis/model/mask_voting.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/core/image/resize.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/voting_case.h"
#include "fcis/model/testing/rows.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

constexpr int kHeight = 48;
constexpr int kWidth = 70;
constexpr int kMask = 7;

struct RoisWithMasks {
  Tensor boxes, class_probs;  // as MaskVoting takes them
  Tensor mask_probs;          // f32 [n,m,m]
  int height, width;          // of the picture
  float scale = 1, min_side = -1;
};

// RoIs in the picture's pixels.
RoisWithMasks MakeRois(int count, int classes, uint64_t seed) {
  const kernels::VotingCase c = kernels::RandomVotingCase(count, classes, seed);
  RoisWithMasks rois;
  rois.height = c.height;
  rois.width = c.width;
  rois.boxes = c.rois;
  rois.mask_probs = c.mask_probs;
  rois.class_probs = c.class_probs;
  return rois;
}

// Sum over the whole picture, then its box and its mask.
template <typename Sum>
bool PlainAggregate(const RoisWithMasks& rois, const std::vector<int>& chosen,
                    int label, double binary, Detection* out) {
  const int classes = rois.class_probs.dim(1);
  const absl::Span<const Box> boxes = BoxesOfRows(rois.boxes);
  std::vector<float> weights;
  for (const int r : chosen) {
    weights.push_back(rois.class_probs.data<float>()[r * classes + label]);
  }
  const float total = PairwiseSum(weights.data(), weights.size());
  std::vector<Sum> canvas(kHeight * kWidth);
  for (const int r : chosen) {
    const float weight =
        rois.class_probs.data<float>()[r * classes + label] / total;
    const int x0 = std::nearbyint(boxes[r].x0);
    const int y0 = std::nearbyint(boxes[r].y0);
    const int w = static_cast<int>(std::nearbyint(boxes[r].x1)) - x0;
    const int h = static_cast<int>(std::nearbyint(boxes[r].y1)) - y0;
    if (w <= 0 || h <= 0) continue;
    std::vector<float> wide(w * h);
    ResizeBilinear(rois.mask_probs.data<float>() + r * kMask * kMask, kMask,
                   kMask, wide.data(), h, w);
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        if (wide[y * w + x] < static_cast<float>(binary)) continue;
        canvas[(y0 + y) * kWidth + x0 + x] += weight;
      }
    }
  }
  int x0 = kWidth, y0 = kHeight, x1 = 0, y1 = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      if (!(canvas[y * kWidth + x] >= static_cast<Sum>(binary))) continue;
      x0 = std::min(x0, x);
      y0 = std::min(y0, y);
      x1 = std::max(x1, x + 1);
      y1 = std::max(y1, y + 1);
    }
  }
  if (x1 <= x0) return false;
  std::vector<float> crop;
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) crop.push_back(canvas[y * kWidth + x]);
  }
  out->box = {1.0f * x0, 1.0f * y0, 1.0f * x1, 1.0f * y1};
  out->mask = Tensor(Shape{kMask, kMask});
  ResizeBilinear(crop.data(), y1 - y0, x1 - x0, out->mask.mutable_data<float>(),
                 kMask, kMask);
  return true;
}

// The reference's steps in its order, over every RoI and class.
std::vector<Detection> PlainVoting(const RoisWithMasks& rois,
                                   const PostprocessConfig& options) {
  const bool cv = options.voting_rule() == PostprocessConfig::CHAINERCV;
  const int classes = rois.class_probs.dim(1);
  const absl::Span<const Box> boxes = BoxesOfRows(rois.boxes);
  const int count = boxes.size();
  std::vector<Detection> kept;  // box: that of the RoI
  std::vector<float> scores;
  for (int label = 1; label < classes; ++label) {
    std::vector<float> column;
    for (int r = 0; r < count; ++r) {
      column.push_back(rois.class_probs.data<float>()[r * classes + label]);
    }
    for (const int r : Nms(boxes, OrderByScore(column), options.nms_thresh(),
                           cv ? -1 : options.max_detections())) {
      Detection d;
      d.label = label;
      d.score = column[r];
      d.box = boxes[r];
      kept.push_back(d);
      scores.push_back(d.score);
    }
  }
  if (kept.empty()) return {};
  std::sort(scores.rbegin(), scores.rend());
  const float cut = std::max(
      scores[std::min<int>(scores.size(), options.max_detections()) - 1],
      static_cast<float>(cv ? options.score_thresh()
                            : options.min_vote_score()));
  std::vector<Detection> found;
  for (Detection d : kept) {
    if (d.score < cut) continue;
    std::vector<int> chosen;
    for (int r = 0; r < count; ++r) {
      if (IoU(boxes[r], d.box) >=
          static_cast<float>(options.mask_merge_thresh())) {
        chosen.push_back(r);
      }
    }
    const double binary = options.binary_thresh();
    if (!(cv ? PlainAggregate<float>(rois, chosen, d.label, binary, &d)
             : PlainAggregate<double>(rois, chosen, d.label, binary, &d))) {
      continue;
    }
    if (cv) {
      for (float& v : d.mask.mutable_span<float>()) v = Clamp(v, 0, 1);
    } else if (!(d.score > static_cast<float>(options.score_thresh()))) {
      continue;
    }
    found.push_back(d);
  }
  return found;
}

void ExpectSame(const std::vector<Detection>& got,
                const std::vector<Detection>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].label, want[i].label) << i;
    EXPECT_EQ(got[i].score, want[i].score) << i;
    EXPECT_EQ(got[i].box, want[i].box) << i;
    EXPECT_TRUE(AllEqual(got[i].mask, want[i].mask)) << i;
  }
}

class MaskVotingTest
    : public ::testing::TestWithParam<
          std::tuple<std::string, PostprocessConfig::VotingRule>> {
 protected:
  MaskVotingTest() { options_.set_voting_rule(std::get<1>(GetParam())); }
  // By MaskVoting or BestClassPerRoi.
  template <typename Find>
  std::vector<Detection> Found(const Find& find, const RoisWithMasks& rois) {
    kernels::VoteParams params = VoteParamsOf(options_);
    params.height = rois.height;
    params.width = rois.width;
    params.scale = rois.scale;
    params.min_side = rois.min_side;
    const auto found = find(*backend_, params, rois.boxes, rois.class_probs,
                            kernels::MasksAmong(rois.mask_probs));
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : std::vector<Detection>();
  }
  std::vector<Detection> Vote(const RoisWithMasks& rois) {
    return Found(MaskVoting, rois);
  }

  const std::unique_ptr<kernels::Backend> backend_ =
      kernels::MakeTestBackend(std::get<0>(GetParam()));
  PostprocessConfig options_;
};

TEST_P(MaskVotingTest, IsThePlainImplementation) {
  int found = 0;
  for (int seed = 0; seed < 12; ++seed) {
    const RoisWithMasks rois = MakeRois(60, 5, seed);
    for (const float score : {0.0f, 0.02f, 0.3f, 0.6f}) {
      for (const int most : {1, 3, 8, 100}) {
        SCOPED_TRACE(absl::StrCat(seed, " ", score, " ", most));
        options_.set_score_thresh(score);
        options_.set_max_detections(most);
        options_.set_min_vote_score(0.01f);
        const std::vector<Detection> got = Vote(rois);
        ExpectSame(got, PlainVoting(rois, options_));
        found += got.size();
      }
    }
  }
  EXPECT_GT(found, 1000);
}

TEST_P(MaskVotingTest, DoesNotDependOnThreads) {
  const RoisWithMasks rois = MakeRois(80, 4, 99);
  options_.set_score_thresh(0.01f);
  SetNumThreads(1);
  const std::vector<Detection> one = Vote(rois);
  SetNumThreads(3);
  ExpectSame(Vote(rois), one);
  SetNumThreads(0);
}

TEST_P(MaskVotingTest, NoRois) { EXPECT_TRUE(Vote(MakeRois(0, 4, 1)).empty()); }

// An empty box overlaps nothing, not even itself: 0 / 0.
TEST_P(MaskVotingTest, EmptyBoxGivesNothing) {
  RoisWithMasks rois = MakeRois(1, 3, 1);
  rois.boxes = Tensor::FromSpan<float>({1, 4}, {5, 5, 5, 9});
  options_.set_score_thresh(0);
  EXPECT_TRUE(Vote(rois).empty());
}

// Four times as large RoIs of the same picture: dividing by 4 is exact.
TEST_P(MaskVotingTest, ScaledRoisGiveTheSame) {
  RoisWithMasks rois = MakeRois(60, 5, 3);
  options_.set_score_thresh(0.01f);
  const std::vector<Detection> one = Vote(rois);
  EXPECT_FALSE(one.empty());
  rois.boxes = rois.boxes.Clone();
  for (float& v : rois.boxes.mutable_span<float>()) v *= 4;
  rois.scale = 4;
  ExpectSame(Vote(rois), one);
}

// The sides of those that are left out count before scaling.
TEST_P(MaskVotingTest, SmallRoisNeitherVoteNorStand) {
  RoisWithMasks rois = MakeRois(60, 5, 3), large = rois;
  options_.set_score_thresh(0.01f);
  std::vector<int> rows;
  const absl::Span<const Box> boxes = BoxesOfRows(rois.boxes);
  for (int r = 0; r < 60; ++r) {
    if (boxes[r].height() >= 20 && boxes[r].width() >= 20) rows.push_back(r);
  }
  ASSERT_GT(rows.size(), 10u);
  ASSERT_LT(rows.size(), 50u);
  large.boxes = SelectRows(rois.boxes, rows);
  large.class_probs = SelectRows(rois.class_probs, rows);
  large.mask_probs = SelectRows(rois.mask_probs, rows);
  rois.min_side = 20;
  ExpectSame(Vote(rois), Vote(large));

  options_.set_score_thresh(0.3f);
  const std::vector<Detection> all = Found(BestClassPerRoi, rois);
  EXPECT_FALSE(all.empty());
  ExpectSame(all, Found(BestClassPerRoi, large));
}

INSTANTIATE_TEST_SUITE_P(
    Backends, MaskVotingTest,
    ::testing::Combine(::testing::ValuesIn(kernels::BackendNames()),
                       ::testing::Values(PostprocessConfig::CHAINER_FCIS,
                                         PostprocessConfig::CHAINERCV)),
    [](const auto& info) {
      return absl::StrCat(
          kernels::BackendTestName(std::get<0>(info.param)), "_",
          PostprocessConfig::VotingRule_Name(std::get<1>(info.param)));
    });

}  // namespace
}  // namespace fcis::model
