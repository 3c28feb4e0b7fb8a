#include "fcis/eval/coco/boundary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/types/span.h"
#include "fcis/core/mask/erode_line.h"
#include "fcis/core/rle/rle_bitmap.h"

namespace fcis::eval {
namespace {

constexpr double kShareOfDiagonal = 0.02;

}  // namespace

int BoundaryWidth(int height, int width) {
  const double diagonal = std::sqrt(static_cast<double>(height) * height +
                                    static_cast<double>(width) * width);
  return std::max(
      1, static_cast<int>(std::nearbyint(kShareOfDiagonal * diagonal)));
}

Rle MaskBoundary(const Rle& rle) {
  const int64_t height = rle.height, width = rle.width;
  const size_t pixels = static_cast<size_t>(height * width);
  const int reach = BoundaryWidth(rle.height, rle.width);
  std::vector<uint8_t> mask(pixels), columns(pixels), eroded(pixels);
  ABSL_RAW_CHECK(DecodeColumnMajor(rle, absl::MakeSpan(mask)).ok(),
                 "an Rle fits its size");
  for (int64_t x = 0; x < width; ++x) {
    ErodeLine(mask.data() + x * height, columns.data() + x * height, height, 1,
              reach);
  }
  for (int64_t y = 0; y < height; ++y) {
    ErodeLine(columns.data() + y, eroded.data() + y, width, height, reach);
  }
  for (size_t i = 0; i < pixels; ++i) mask[i] &= !eroded[i];
  return EncodeColumnMajor(mask.data(), rle.height, rle.width);
}

}  // namespace fcis::eval
