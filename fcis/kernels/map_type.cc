#include "fcis/kernels/map_type.h"

#include <algorithm>

#include "absl/types/span.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {

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

Tensor AsMapType(const Tensor& map, DType type) {
  if (map.type() == type) return map;
  const Tensor wide = AsF32(map);
  if (type == DType::kF32) return wide;
  Tensor narrow(map.shape(), type);
  WithNarrowType(type, [&](auto t) {
    auto* out = narrow.mutable_data<MapElement<decltype(t)>>();
    for (const float v : wide.span<float>()) StoreF32(v, out++);
  });
  return narrow;
}

}  // namespace fcis::kernels
