// The runs of foreground of a mask, read and written one by one.
#ifndef FCIS_CORE_RLE_RLE_RUNS_H_
#define FCIS_CORE_RLE_RLE_RUNS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fcis/core/rle/rle.h"

namespace fcis {

// Calls run(begin, end) with the pixels of each run that is not empty, in their
// order.
template <typename Run>
void ForEachRun(const Rle& rle, const Run& run) {
  uint32_t begin = 0;
  for (size_t i = 1; i < rle.counts.size(); i += 2) {
    begin += rle.counts[i - 1];
    const uint32_t end = begin + rle.counts[i];
    if (begin < end) run(begin, end);
    begin = end;
  }
}

// The same column by column: part(x, y0, y1) with the rows from y0 to before y1
// of column x. A part may begin where the one before ends.
template <typename Part>
void ForEachColumnRun(const Rle& rle, const Part& part) {
  const auto height = static_cast<uint32_t>(rle.height);
  ForEachRun(rle, [&](uint32_t begin, uint32_t end) {
    uint32_t x = begin / height;
    uint32_t y = begin - x * height;
    // What is left of the run from row y of column x on.
    for (uint32_t left = end - begin; left > 0; ++x, y = 0) {
      const uint32_t rows = std::min(left, height - y);
      part(x, y, y + rows);
      left -= rows;
    }
  });
}

// Appends foreground intervals, ascending, to `counts`, which are empty.
class RunWriter {
 public:
  explicit RunWriter(std::vector<uint32_t>& counts) : counts_(counts) {}

  // begin < end; may begin where the interval before ended.
  void Add(uint32_t begin, uint32_t end) {
    if (begin == position_ && !counts_.empty()) {
      counts_.back() += end - begin;
    } else {
      counts_.push_back(begin - position_);
      counts_.push_back(end - begin);
    }
    position_ = end;
  }

  // Fills up with background to the number of the mask's pixels.
  void Finish(uint32_t pixels) {
    if (position_ < pixels || counts_.empty()) {
      counts_.push_back(pixels - position_);
    }
  }

 private:
  std::vector<uint32_t>& counts_;
  uint32_t position_ = 0;
};

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_RUNS_H_
