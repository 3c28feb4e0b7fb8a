// Proposals (ops/propose.h) as bodies of launch.h: boxes and sort keys of all
// anchors; after sorting, the best boxes, who overlaps whom, and who is kept.
#ifndef FCIS_KERNELS_CUDA_PROPOSAL_BODIES_H_
#define FCIS_KERNELS_CUDA_PROPOSAL_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/kernels/cuda/overlap_walk.h"

namespace fcis::kernels {
namespace cuda {

// The key of a box that is too small: no score's key is as low.
constexpr uint64_t kDropped = 0;

// Count: anchors of the map, y, x, anchor innermost.
struct DecodeBody {
  const Box* base;
  int64_t anchors;  // of a pixel
  int64_t map_width;
  int stride;
  float height, width;  // of the input
  float min_side;
  const float* scores;  // {background, foreground} of each
  const BoxDelta* deltas;
  Box* boxes;
  uint64_t* keys;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t pixel = i / anchors;
    const Box anchor = ShiftedAnchor(base[i % anchors], stride,
                                     static_cast<int>(pixel / map_width),
                                     static_cast<int>(pixel % map_width));
    const Box box = ClipBox(DecodeBox(anchor, deltas[i]), width, height);
    boxes[i] = box;
    const bool large = box.height() >= min_side && box.width() >= min_side;
    keys[i] = large ? ScoreOrderKey(scores[2 * i + 1], static_cast<uint32_t>(i))
                    : kDropped;
  }
};

// The boxes of sorted keys. Count: keys that are wanted.
struct BestBody {
  const uint64_t* keys;
  const Box* boxes;
  Box* best;

  FCIS_HD void operator()(int64_t i) const {
    best[i] = boxes[keys[i] & 0xFFFFFFFFu];
  }
};

// Bit j % 64 of word j / 64 of row i: j > i overlaps i by thresh or more.
// Count: n * words.
struct OverlapBody {
  int64_t n, words;
  float thresh;
  const Box* best;
  uint64_t* overlaps;

  FCIS_HD void operator()(int64_t index) const {
    const int64_t i = index / words, first = index % words * 64;
    uint64_t bits = 0;
    for (int64_t j = first > i ? first : i + 1; j < first + 64 && j < n; ++j) {
      if (IoU(best[j], best[i]) >= thresh) bits |= uint64_t{1} << (j - first);
    }
    overlaps[index] = bits;
  }
};

// Up to the boxes that are too small.
struct SortedOrder {
  static constexpr bool kAscending = true;
  const uint64_t* keys;
  FCIS_HD int64_t operator()(int64_t i) const {
    return keys[i] == kDropped ? -1 : i;
  }
};

// Count: 1.
struct ProposalWalkBody {
  int64_t n, limit;
  const uint64_t* keys;
  const uint64_t* overlaps;
  uint64_t* suppressed;  // [words], scratch
  int32_t* kept;
  int64_t* count;

  FCIS_HD void operator()(int64_t) const {
    *count =
        WalkOverlaps(SortedOrder{keys}, n, limit, overlaps, suppressed, kept);
  }
};

// The boxes that are kept. Count: as many as may be.
struct KeptBody {
  const Box* best;
  const int32_t* kept;
  const int64_t* count;
  Box* boxes;

  FCIS_HD void operator()(int64_t i) const {
    if (i < *count) boxes[i] = best[kept[i]];
  }
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_PROPOSAL_BODIES_H_
