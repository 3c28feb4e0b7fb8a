#include "fcis/kernels/map_type.h"

#include <algorithm>

#include "absl/types/span.h"
#include "fcis/kernels/bf16.h"

namespace fcis {

Tensor AsF32(const Tensor& map) {
  if (map.type() == DType::kF32) return map;
  Tensor wide(map.shape());
  if (map.type() == DType::kI32) {
    const absl::Span<const int32_t> from = map.span<int32_t>();
    std::copy(from.begin(), from.end(), wide.mutable_data<float>());
    return wide;
  }
  WithNarrowType(map.type(), [&](auto t) {
    const auto* in = map.data<MapElement<decltype(t)>>();
    for (float& v : wide.mutable_span<float>()) v = LoadF32(*in++);
  });
  return wide;
}

}  // namespace fcis
