#include "fcis/kernels/map_type.h"

#include "fcis/kernels/bf16.h"

namespace fcis {

Tensor AsF32(const Tensor& map) {
  if (map.type() == DType::kF32) return map;
  Tensor wide(map.shape());
  WithNarrowType(map.type(), [&](auto t) {
    const auto* in = map.data<MapElement<decltype(t)>>();
    for (float& v : wide.mutable_span<float>()) v = LoadF32(*in++);
  });
  return wide;
}

}  // namespace fcis
