#include "fcis/core/rle/rle_resize.h"

#include <algorithm>
#include <cstdint>

#include "absl/base/internal/raw_logging.h"

namespace fcis {
namespace {

// The first of `out` samples that is read at or behind `at` of `in`.
int64_t FirstSample(int64_t at, int64_t in, int64_t out) {
  return (at * out + in - 1) / in;
}

// Appends foreground [begin, end), in the order of pixels, to the runs that
// end at `covered`.
void AppendRun(int64_t begin, int64_t end, int64_t* covered,
               std::vector<uint32_t>* counts) {
  if (begin == *covered && counts->size() > 1) {
    counts->back() += static_cast<uint32_t>(end - begin);
  } else {
    counts->push_back(static_cast<uint32_t>(begin - *covered));
    counts->push_back(static_cast<uint32_t>(end - begin));
  }
  *covered = end;
}

}  // namespace

Rle ShrinkRle(const Rle& rle, int height, int width) {
  ABSL_RAW_CHECK(height >= 1 && height <= rle.height, "shrinks only");
  ABSL_RAW_CHECK(width >= 1 && width <= rle.width, "shrinks only");
  Rle small{height, width, {}};
  int64_t begin = 0, covered = 0;
  for (size_t i = 0; i < rle.counts.size(); ++i) {
    const int64_t end = begin + rle.counts[i];
    // Runs of foreground, column by column.
    for (int64_t at = begin; i % 2 == 1 && at < end;) {
      const int64_t column = at / rle.height, top = column * rle.height;
      const int64_t stop = std::min<int64_t>(end, top + rle.height);
      const int64_t x = FirstSample(column, rle.width, width);
      const int64_t first = FirstSample(at - top, rle.height, height);
      const int64_t last = FirstSample(stop - top, rle.height, height);
      if (x < FirstSample(column + 1, rle.width, width) && first < last) {
        AppendRun(x * height + first, x * height + last, &covered,
                  &small.counts);
      }
      at = stop;
    }
    begin = end;
  }
  const int64_t rest = int64_t{height} * width - covered;
  if (rest > 0 || small.counts.empty()) {
    small.counts.push_back(static_cast<uint32_t>(rest));
  }
  return small;
}

}  // namespace fcis
