// Compressed counts: the string that COCO's files hold. Each run is a number in
// groups of five bits, the lowest first, one character 48 + group each; bit 5
// of the character says that another group follows, bit 4 of the last group is
// the sign. From the fourth run on the number is the difference to the run two
// before.
#ifndef FCIS_CORE_RLE_RLE_STRING_H_
#define FCIS_CORE_RLE_RLE_STRING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/rle/rle.h"

namespace fcis {

std::string RleCountsToString(absl::Span<const uint32_t> counts);

// The mask that the string describes. InvalidArgument names the byte and what
// was expected: a size that CheckMaskSize refuses; a byte outside '0'..'o'; a
// number that ends early or has more than seven groups; a run that is negative;
// runs that cover more than the mask.
absl::StatusOr<Rle> ParseRleCounts(int64_t height, int64_t width,
                                   absl::string_view counts);

// The same into `counts`, whose memory is reused, with their sums. The size
// must have passed CheckMaskSize. After an error both are unspecified.
absl::Status ParseRleCounts(int height, int width, absl::string_view text,
                            std::vector<uint32_t>& counts, RunSums* sums);

// How several numbers are read at a time; all ways give the same.
enum class RleReading { kPlain, kAvx2, kAvx512 };

// Whether this CPU can.
bool CanRead(RleReading way);

// The same in one of the ways that the CPU can, which the others choose the
// fastest of.
absl::Status ParseRleCounts(RleReading way, int height, int width,
                            absl::string_view text,
                            std::vector<uint32_t>& counts, RunSums* sums);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_STRING_H_
