#include "fcis/kernels/testing/voting_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/geometry/box.h"

namespace fcis::kernels {
namespace {

constexpr int kMask = 7;

// Numbers in [0, 1), one after the other.
class Uniform {
 public:
  explicit Uniform(uint64_t seed) : key_(RngKey("voting", seed)) {}
  float operator()() { return (RngSymmetric(key_, i_++) + 1) / 2; }

 private:
  const uint64_t key_;
  uint64_t i_ = 0;
};

Box RandomBox(int height, int width, Uniform& uniform) {
  const float cx = (1 + static_cast<int>(3 * uniform())) * width / 4.0f;
  const float cy = (1 + static_cast<int>(2 * uniform())) * height / 3.0f;
  const float w = uniform() < 0.1f ? 0 : 8 + 8 * uniform();
  const float h = 7 + 9 * uniform();
  const float x0 = cx - w + uniform(), y0 = cy - h + uniform();
  const float x1 = cx + w - uniform(), y1 = cy + h - uniform();
  return ClipBox({x0, y0, x1, y1}, width, height);
}

void RandomProbabilities(int classes, Uniform& uniform, float* p) {
  float sum = 0;
  for (int c = 0; c < classes; ++c) {
    p[c] = std::exp(10 * uniform());
    if (uniform() < 0.2f) p[c] = std::floor(p[c]);  // equal scores
    sum += p[c];
  }
  for (int c = 0; c < classes; ++c) p[c] /= sum;
}

}  // namespace

VotingCase RandomVotingCase(int count, int classes, uint64_t seed) {
  Uniform uniform(seed);
  VotingCase c;
  c.rois = Tensor(Shape{count, 4});
  c.mask_probs = Tensor(Shape{count, kMask, kMask});
  c.class_probs = Tensor(Shape{count, classes});
  Box box;
  for (int r = 0; r < count; ++r) {
    if (r == 0 || uniform() >= 0.1f) {
      box = RandomBox(c.height, c.width, uniform);
    }
    std::memcpy(c.rois.mutable_data<float>() + 4 * r, &box, sizeof(box));
  }
  for (float& m : c.mask_probs.mutable_span<float>()) m = uniform();
  for (int r = 0; r < count; ++r) {
    RandomProbabilities(classes, uniform,
                        c.class_probs.mutable_data<float>() + r * classes);
  }
  return c;
}

std::function<absl::StatusOr<Tensor>(absl::Span<const int> rois)> MasksAmong(
    const Tensor& all) {
  return [all](absl::Span<const int> rois) -> absl::StatusOr<Tensor> {
    const int64_t size = all.dim(1) * all.dim(2);
    Tensor some(
        Shape{static_cast<int64_t>(rois.size()), all.dim(1), all.dim(2)});
    float* to = some.mutable_data<float>();
    for (size_t i = 0; i < rois.size(); ++i) {
      EXPECT_TRUE(i == 0 || rois[i - 1] < rois[i]) << i;
      to = std::copy_n(all.data<float>() + rois[i] * size, size, to);
    }
    return some;
  };
}

VoteParams VotingParams(const VotingCase& c) {
  VoteParams params;
  params.score_thresh = 0.7f;
  params.nms_thresh = 0.3f;
  params.mask_merge_thresh = 0.5f;
  params.binary_thresh = 0.4;
  params.min_vote_score = 1e-3f;
  params.max_detections = 100;
  params.height = c.height;
  params.width = c.width;
  return params;
}

::testing::AssertionResult SameInstances(absl::Span<const VotedInstance> got,
                                         absl::Span<const VotedInstance> want) {
  if (got.size() != want.size()) {
    return ::testing::AssertionFailure()
           << got.size() << " instances, expected " << want.size();
  }
  for (size_t i = 0; i < got.size(); ++i) {
    const VotedInstance &a = got[i], &b = want[i];
    // Bits, so that a NaN is equal to itself.
    const bool same =
        a.label == b.label && a.score == b.score && a.box == b.box &&
        a.mask.shape() == b.mask.shape() &&
        std::memcmp(a.mask.raw(), b.mask.raw(), b.mask.num_bytes()) == 0;
    if (!same) {
      return ::testing::AssertionFailure()
             << "instance " << i << " of " << got.size() << " differs: label "
             << a.label << ", expected " << b.label << "; score " << a.score
             << ", expected " << b.score << "; x0 " << a.box.x0 << ", expected "
             << b.box.x0;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace fcis::kernels
