// Shape: the extents of a dense tensor, outermost first.
#ifndef FCIS_CORE_TENSOR_SHAPE_H_
#define FCIS_CORE_TENSOR_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace fcis {

class Shape {
 public:
  // A scalar: rank 0, one element.
  Shape() = default;
  // Extents must be >= 0 and their product below 2^62 (CHECKed by the callers
  // that read extents from outside: see Shape::FromExtents).
  Shape(std::initializer_list<int64_t> extents) : extents_(extents) {}

  // For extents that come from a file: an error for a negative extent or a
  // product over 2^62.
  static absl::StatusOr<Shape> FromExtents(absl::Span<const int64_t> extents);

  int rank() const { return static_cast<int>(extents_.size()); }
  // Extent of an axis; negative axes count from the end.
  int64_t dim(int axis) const {
    return extents_[axis < 0 ? axis + rank() : axis];
  }
  int64_t num_elements() const;
  absl::Span<const int64_t> extents() const { return extents_; }

  // "2x3x4"; "scalar" for rank 0.
  std::string ToString() const;

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.extents_ == b.extents_;
  }
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }

 private:
  // What the network's tensors have needs no memory of its own.
  static constexpr size_t kUsualRank = 4;
  absl::InlinedVector<int64_t, kUsualRank> extents_;
};

}  // namespace fcis

#endif  // FCIS_CORE_TENSOR_SHAPE_H_
