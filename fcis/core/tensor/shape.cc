#include "fcis/core/tensor/shape.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fcis {

absl::StatusOr<Shape> Shape::FromExtents(absl::Span<const int64_t> extents) {
  constexpr int64_t kMaxElements = int64_t{1} << 62;
  int64_t product = 1;
  for (const int64_t extent : extents) {
    if (extent < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("negative extent ", extent));
    }
    // A later zero does not excuse an overflow before it: readers that
    // multiply in another order would wrap.
    const int64_t factor = extent == 0 ? 1 : extent;
    if (product > kMaxElements / factor) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", absl::StrJoin(extents, "x"),
                       " has more than 2^62 elements"));
    }
    product *= factor;
  }
  Shape shape;
  shape.extents_.assign(extents.begin(), extents.end());
  return shape;
}

int64_t Shape::num_elements() const {
  int64_t product = 1;
  for (const int64_t extent : extents_) product *= extent;
  return product;
}

std::string Shape::ToString() const {
  return extents_.empty() ? "scalar" : absl::StrJoin(extents_, "x");
}

}  // namespace fcis
