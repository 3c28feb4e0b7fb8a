// What stands behind the C ABI's fcis_masks.
#ifndef FCIS_API_C_MASKS_H_
#define FCIS_API_C_MASKS_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/rle/rle.h"
#include "fcis/fcis.h"

struct fcis_masks {
  std::vector<fcis::Rle> rles;
};

namespace fcis::api {

// OK if so many masks may be in a list.
absl::Status CheckMaskCount(int64_t n);

// What reading or writing the runs of a mask is worth, in pixels of a bitmap.
inline constexpr int64_t kPixelsOfRuns = 1 << 12;

// Calls call(i) for each of n masks, several at once where that pays; the error
// of the first that has one, with its number. pixels: what the work on one mask
// is worth.
absl::Status ForEachMask(int64_t n, int64_t pixels,
                         absl::FunctionRef<absl::Status(int64_t i)> call);

// A list of n masks, each made by make(i).
absl::Status MakeMasks(int64_t n, fcis_masks** masks,
                       absl::FunctionRef<absl::StatusOr<Rle>(int64_t i)> make,
                       int64_t pixels = kPixelsOfRuns);

// Number i of boxes: [n, 4].
inline XywhBox BoxAt(const double* boxes, int64_t i) {
  const double* const box = boxes + 4 * i;
  return {box[0], box[1], box[2], box[3]};
}

}  // namespace fcis::api

#endif  // FCIS_API_C_MASKS_H_
