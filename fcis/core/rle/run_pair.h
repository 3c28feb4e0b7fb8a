// RunPair walks the runs of two masks together: the loop that merging and IoU
// share.
#ifndef FCIS_CORE_RLE_RUN_PAIR_H_
#define FCIS_CORE_RLE_RUN_PAIR_H_

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/types/span.h"

namespace fcis {

// A stretch is a piece in which neither mask changes; it may be empty. The walk
// stops where both masks stand before an empty run, even if more follow, as it
// does in pycocotools: both answers hang on that.
class RunPair {
 public:
  RunPair(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b)
      : a_(a), b_(b) {}

  // Whether the stretch that Step passes next lies in the masks.
  bool in_a() const { return a_.inside; }
  bool in_b() const { return b_.inside; }

  // Moves past one stretch and returns its length.
  uint32_t Step() {
    const uint32_t length = std::min(a_.left, b_.left);
    const bool more_a = a_.Advance(length), more_b = b_.Advance(length);
    more_ = more_a || more_b;
    return length;
  }

  // False once the walk is over. True before the first Step.
  bool more() const { return more_; }

 private:
  struct Side {
    const uint32_t* next;
    const uint32_t* end;
    uint32_t left;  // of the current run
    bool inside = false;

    explicit Side(absl::Span<const uint32_t> counts)
        : next(counts.data()), end(next + counts.size()) {
      left = next == end ? kForever : *next++;
    }

    // Whether pixels are left in the run that follows.
    bool Advance(uint32_t length) {
      if (left == kForever) return false;
      left -= length;
      if (left > 0) return true;
      if (next == end) {
        left = kForever;
        inside = false;
        return false;
      }
      left = *next++;
      inside = !inside;
      return left > 0;
    }
  };

  // Beyond the last run lies background. No run is that long: a mask has fewer
  // than 2^32 pixels, and one run of 2^32 - 1 is never followed by another.
  static constexpr uint32_t kForever = std::numeric_limits<uint32_t>::max();

  Side a_, b_;
  bool more_ = true;
};

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RUN_PAIR_H_
