#include "fcis/core/rle/rle_resize.h"

#include <cstdint>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/rle/rle_runs.h"

namespace fcis {
namespace {

// The first of `out` samples that is read at or behind `at` of `in`.
int64_t FirstSample(int64_t at, int64_t in, int64_t out) {
  return (at * out + in - 1) / in;
}

}  // namespace

Rle ShrinkRle(const Rle& rle, int height, int width) {
  ABSL_RAW_CHECK(height >= 1 && height <= rle.height, "shrinks only");
  ABSL_RAW_CHECK(width >= 1 && width <= rle.width, "shrinks only");
  Rle small{height, width, {}};
  RunWriter writer(small.counts);
  ForEachColumnRun(rle, [&](int64_t column, int64_t y0, int64_t y1) {
    const int64_t x = FirstSample(column, rle.width, width);
    const int64_t first = FirstSample(y0, rle.height, height);
    const int64_t last = FirstSample(y1, rle.height, height);
    if (x < FirstSample(column + 1, rle.width, width) && first < last) {
      writer.Add(static_cast<uint32_t>(x * height + first),
                 static_cast<uint32_t>(x * height + last));
    }
  });
  writer.Finish(static_cast<uint32_t>(int64_t{height} * width));
  return small;
}

}  // namespace fcis
