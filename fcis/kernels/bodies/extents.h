// What the kernels and cuDNN's calls can count to: they keep the extents of
// maps as ints, element indices as int64_t.
#ifndef FCIS_KERNELS_BODIES_EXTENTS_H_
#define FCIS_KERNELS_BODIES_EXTENTS_H_

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/shape.h"

namespace fcis::kernels {

// Errors: InvalidArgument for an extent that is no int.
inline absl::Status CheckExtents(const Shape& map) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  for (const int64_t extent : map.extents()) {
    if (extent > kMost) {
      return absl::InvalidArgumentError(
          absl::StrCat("cuda: a map of ", map.ToString(),
                       ", expected no extent over ", kMost));
    }
  }
  return absl::OkStatus();
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_EXTENTS_H_
