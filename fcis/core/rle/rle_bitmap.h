// Pixels to runs and back. Row-major masks (ours) and column-major ones
// (pycocotools') give the same Rle.
#ifndef FCIS_CORE_RLE_RLE_BITMAP_H_
#define FCIS_CORE_RLE_RLE_BITMAP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fcis/core/rle/rle.h"

namespace fcis {

// Any byte but 0 is foreground. A mask without pixels has counts {0}. Sizes
// that CheckMaskSize refuses are a bug.
Rle EncodeColumnMajor(const uint8_t* mask, int height, int width);
Rle EncodeRowMajor(const uint8_t* mask, int height, int width);

// A row-major mask of `rows` x `columns` pixels, the first of which lies at
// (y, x) of a picture; the rest of the picture is background.
struct MaskPatch {
  const uint8_t* mask = nullptr;
  int rows = 0, columns = 0;
  int y = 0, x = 0;
};

// What sticks out of the picture is cut off.
Rle EncodePatch(const MaskPatch& patch, int height, int width);

// Writes 0 or 1 to all height * width bytes of `mask`. InvalidArgument, with
// nothing written, when the runs cover more than that.
absl::Status DecodeColumnMajor(const Rle& rle, absl::Span<uint8_t> mask);
absl::Status DecodeRowMajor(const Rle& rle, absl::Span<uint8_t> mask);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_BITMAP_H_
