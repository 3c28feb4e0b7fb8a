// Mask voting (ops/vote_masks.h) as bodies of launch.h, in the order in which
// they run. n RoIs, F = C - 1 classes: C without the background.
//
// Nothing is added up in a picture: the sum at a pixel is computed where it is
// asked for, from the masks of those who vote, in the order in which
// AggregateMasks adds.
#ifndef FCIS_KERNELS_CUDA_VOTING_BODIES_H_
#define FCIS_KERNELS_CUDA_VOTING_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/core/image/resize.h"
#include "fcis/kernels/cuda/overlap_walk.h"
#include "fcis/kernels/ops/vote_masks.h"

namespace fcis::kernels {
namespace cuda {

// The arrays that most bodies read.
struct Voters {
  VoteParams params;
  int64_t n;            // RoIs
  int64_t classes;      // C
  int mask_size;        // m
  const Box* rois;      // [n], as given
  const float* scores;  // [n][C]
  const float* masks;   // [n][m][m]

  FCIS_HD int64_t foreground() const { return classes - 1; }
  FCIS_HD float Score(int64_t roi, int64_t label) const {
    return scores[roi * classes + label];
  }
};

// Count: n.
struct VotingBoxBody {
  Voters voters;
  Box* boxes;

  FCIS_HD void operator()(int64_t r) const {
    boxes[r] = VotingBox(voters.params, voters.rois[r]);
  }
};

// Bit j % 64 of word j / 64 of row i: j overlaps i by nms_thresh, by
// mask_merge_thresh. Count: n * words.
struct VotingOverlapBody {
  Voters voters;
  const Box* boxes;
  uint64_t* suppress;
  uint64_t* merge;

  FCIS_HD void operator()(int64_t index) const {
    const int64_t n = voters.n, words = OverlapWords(n);
    const int64_t i = index / words, first = index % words * 64;
    uint64_t by_nms = 0, by_merge = 0;
    for (int64_t j = first; j < first + 64 && j < n; ++j) {
      // Who takes no part does not vote; NaN, from empty boxes, does not pass.
      if (!TakesPart(voters.params, voters.rois[j])) continue;
      const float overlap = IoU(boxes[j], boxes[i]);
      const uint64_t bit = uint64_t{1} << (j - first);
      if (overlap >= voters.params.nms_thresh) by_nms |= bit;
      if (overlap >= voters.params.mask_merge_thresh) by_merge |= bit;
    }
    suppress[index] = by_nms;
    merge[index] = by_merge;
  }
};

// Keys that order the RoIs of each class, all of them different: below 2^32 are
// those that take no part. Count: n * F, class innermost, so that neighbours
// read and write neighbouring values.
struct VotingKeyBody {
  Voters voters;
  uint64_t* keys;  // [n][F]

  FCIS_HD void operator()(int64_t i) const {
    const int64_t r = i / voters.foreground();
    const float score = voters.Score(r, i % voters.foreground() + 1);
    const uint32_t index = static_cast<uint32_t>(r);
    keys[i] = TakesPart(voters.params, voters.rois[r]) &&
                      PassesThresholds(voters.params, score)
                  ? ScoreOrderKey(score, index)
                  : index;
  }
};

// order [F][n]: the RoIs of each class, best first, then -1. A RoI's place is
// the number of larger keys. Count: n * F.
struct RankBody {
  int64_t n, foreground;
  const uint64_t* keys;  // [n][F]
  int32_t* order;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t k = i % foreground;
    const uint64_t key = keys[i];
    int64_t place = 0;
    for (int64_t r = 0; r < n; ++r) place += keys[r * foreground + k] > key;
    order[k * n + place] =
        key >> 32 == 0 ? -1 : static_cast<int32_t>(i / foreground);
  }
};

struct ClassOrder {
  static constexpr bool kAscending = false;
  const int32_t* order;
  FCIS_HD int64_t operator()(int64_t i) const { return order[i]; }
};

// Survivors of a class, best first, at most `slots` of them: kept [F][slots],
// and how many. Count: F.
struct ClassWalkBody {
  int64_t n, slots;
  const int32_t* order;
  const uint64_t* suppress;
  uint64_t* suppressed;  // [F][words], scratch
  int32_t* kept;
  int32_t* counts;

  FCIS_HD void operator()(int64_t k) const {
    counts[k] = static_cast<int32_t>(
        WalkOverlaps(ClassOrder{order + k * n}, n, slots, suppress,
                     suppressed + k * OverlapWords(n), kept + k * slots));
  }
};

// Keys of the survivors' scores, equal ones for equal scores; 0, less than any
// score's, where there is none. Count: F * slots.
struct SurvivorKeyBody {
  Voters voters;
  int64_t slots;
  const int32_t* kept;
  const int32_t* counts;
  uint64_t* keys;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t k = i / slots;
    keys[i] = i % slots < counts[k]
                  ? ScoreOrderKey(voters.Score(kept[i], k + 1), 0)
                  : 0;
  }
};

// How many of a class's survivors are not below `least`, the
// max_detections-th best key of all classes. Count: F.
struct CutBody {
  int64_t slots;
  const uint64_t* keys;  // [F][slots], descending in a class
  const uint64_t* least;
  int32_t* counts;

  FCIS_HD void operator()(int64_t k) const {
    int32_t count = counts[k];
    while (count > 0 && keys[k * slots + count - 1] < *least) --count;
    counts[k] = count;
  }
};

// A RoI that the others vote for.
struct VotingCandidate {
  int32_t label, roi;
};

// The survivors of all classes, one after the other. Count: F.
struct CandidatesBody {
  int64_t foreground, slots;
  const int32_t* kept;
  const int32_t* counts;
  VotingCandidate* candidates;
  int64_t* total;

  FCIS_HD void operator()(int64_t k) const {
    int64_t before = 0;
    for (int64_t j = 0; j < k; ++j) before += counts[j];
    for (int64_t i = 0; i < counts[k]; ++i) {
      candidates[before + i] = {static_cast<int32_t>(k + 1),
                                kept[k * slots + i]};
    }
    if (k == foreground - 1) *total = before + counts[k];
  }
};

// A RoI that votes for a candidate.
struct PlacedVote {
  PixelBox box;  // not empty
  double row_step, column_step;
  int32_t roi;
  float weight;
};

// The votes for one candidate.
struct Ballot {
  PixelBox area;  // around all boxes
  int32_t count;
};

// Who votes for a candidate: all RoIs that overlap it, itself among them, with
// their shares of the probabilities of its class. votes, weights: [count][n].
// Count: candidates.
struct BallotBody {
  Voters voters;
  const Box* boxes;
  const uint64_t* merge;
  const VotingCandidate* candidates;
  float* weights;  // scratch
  PlacedVote* votes;
  Ballot* ballots;

  FCIS_HD void operator()(int64_t c) const {
    const int64_t n = voters.n;
    const VotingCandidate candidate = candidates[c];
    const uint64_t* const row = merge + candidate.roi * OverlapWords(n);
    float* const weight = weights + c * n;
    int64_t all = 0;
    for (int64_t r = 0; r < n; ++r) {
      if (HasBit(row, r)) weight[all++] = voters.Score(r, candidate.label);
    }
    const float total = PairwiseSum(weight, all);
    Ballot ballot = {PixelBox{}, 0};
    int64_t i = 0;
    for (int64_t r = 0; r < n; ++r) {
      if (!HasBit(row, r)) continue;
      const float share = weight[i++] / total;
      const PixelBox box = RoundBox(boxes[r]);
      if (box.empty()) continue;
      votes[c * n + ballot.count++] = {
          box, BilinearStep(voters.mask_size, box.height()),
          BilinearStep(voters.mask_size, box.width()), static_cast<int32_t>(r),
          share};
      ballot.area = UnionBox(ballot.area, box);
    }
    ballots[c] = ballot;
  }
};

// Sum: double or float, by the rule.
template <typename Sum>
struct VotedSums {
  int64_t n;
  int mask_size;
  double binary_thresh;
  const float* masks;
  const PlacedVote* votes;
  const Ballot* ballots;

  // What AggregateMasks' sum of candidate c is at a pixel of the picture.
  FCIS_HD Sum At(int64_t c, int y, int x) const {
    const int m = mask_size;
    const float thresh = static_cast<float>(binary_thresh);
    const PlacedVote* const vote = votes + c * n;
    Sum sum = 0;
    for (int32_t i = 0; i < ballots[c].count; ++i) {
      const PixelBox box = vote[i].box;
      if (y < box.y0 || y >= box.y1 || x < box.x0 || x >= box.x1) continue;
      const float* const mask = masks + int64_t{vote[i].roi} * m * m;
      const auto at = [mask, m](int row, int column) {
        return mask[row * m + column];
      };
      const float value = BilinearSample(
          at, m, m, BilinearTapAt(y - box.y0, m, vote[i].row_step),
          BilinearTapAt(x - box.x0, m, vote[i].column_step));
      sum += value >= thresh ? static_cast<Sum>(vote[i].weight) : Sum{0};
    }
    return sum;
  }
  FCIS_HD bool Passes(int64_t c, int y, int x) const {
    return At(c, y, x) >= static_cast<Sum>(binary_thresh);
  }
};

// Threads that share a row of an area: neighbours look at neighbouring pixels.
constexpr int kRowLanes = 8;

// The smallest box around the passing pixels of one lane of one row. Count:
// candidates * height * kRowLanes, lane innermost.
template <typename Sum>
struct LaneExtentBody {
  VotedSums<Sum> sums;
  int64_t height;  // of the picture: no area has more rows
  PixelBox* extents;

  FCIS_HD void operator()(int64_t index) const {
    const int64_t c = index / kRowLanes / height;
    const PixelBox area = sums.ballots[c].area;
    const int y = area.y0 + static_cast<int>(index / kRowLanes % height);
    extents[index] = PixelBox{};
    if (y >= area.y1) return;
    int first = area.x0 + static_cast<int>(index % kRowLanes);
    while (first < area.x1 && !sums.Passes(c, y, first)) first += kRowLanes;
    if (first >= area.x1) return;
    int last = first + (area.x1 - 1 - first) / kRowLanes * kRowLanes;
    while (last > first && !sums.Passes(c, y, last)) last -= kRowLanes;
    extents[index] = {first, y, last + 1, y + 1};
  }
};

// The box around each `length` boxes. Count: results.
struct UnionBody {
  int64_t length;
  const PixelBox* boxes;
  PixelBox* to;

  FCIS_HD void operator()(int64_t i) const {
    PixelBox all;
    for (int64_t j = i * length; j < (i + 1) * length; ++j) {
      all = UnionBox(all, boxes[j]);
    }
    to[i] = all;
  }
};

// What a candidate became; an empty box: nothing.
struct VotedRow {
  int32_t label;
  float score;
  PixelBox box;
};

// The sums within the extent, resized to m x m: rows [count], masks
// [count][m][m]. Count: candidates * m * m.
template <typename Sum>
struct VotedMaskBody {
  Voters voters;
  VotedSums<Sum> sums;
  const VotingCandidate* candidates;
  const PixelBox* extents;
  VotedRow* rows;
  float* masks;

  FCIS_HD void operator()(int64_t index) const {
    const int m = voters.mask_size;
    const int64_t c = index / m / m;
    const PixelBox box = extents[c];
    if (index % (int64_t{m} * m) == 0) {
      const VotingCandidate of = candidates[c];
      rows[c] = {of.label, voters.Score(of.roi, of.label), box};
    }
    masks[index] = box.empty() ? 0.0f
                               : Cell(c, box, static_cast<int>(index / m % m),
                                      static_cast<int>(index % m));
  }

 private:
  FCIS_HD float Cell(int64_t c, const PixelBox& box, int row,
                     int column) const {
    const VotedSums<Sum>& s = sums;
    const auto at = [&s, &box, c](int y, int x) {
      return static_cast<float>(s.At(c, box.y0 + y, box.x0 + x));
    };
    const int m = voters.mask_size;
    const float value = BilinearSample(at, box.height(), box.width(),
                                       MakeBilinearTap(row, box.height(), m),
                                       MakeBilinearTap(column, box.width(), m));
    return voters.params.rule == VotingRule::kChainercv
               ? Clamp(value, 0.0f, 1.0f)
               : value;
  }
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_VOTING_BODIES_H_
