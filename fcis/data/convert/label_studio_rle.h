// The packed masks of Label Studio's brush.
#ifndef FCIS_DATA_CONVERT_LABEL_STUDIO_RLE_H_
#define FCIS_DATA_CONVERT_LABEL_STUDIO_RLE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/rle/rle.h"

namespace fcis::data {

// A stream of bits, the highest of each byte first: 32 bits, the number of
// values; 5, the bits of a value less one; four times 4, bits of a run's length
// less one. Then runs: a bit that tells whether one value is repeated, two bits
// that choose one of the four sizes, the length less one in that size, and the
// value, or the values. Values are those of RGBA pixels by rows, of which the
// opacity counts: half of it and more is foreground. Errors: the number is not
// four for each pixel, the data end early, a size that CheckMaskSize refuses.
absl::StatusOr<Rle> DecodeLabelStudioRle(absl::Span<const uint8_t> bytes,
                                         int64_t height, int64_t width);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_LABEL_STUDIO_RLE_H_
