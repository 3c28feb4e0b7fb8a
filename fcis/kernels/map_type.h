// One function for every type of feature map: f32, bf16 and f16.
#ifndef FCIS_KERNELS_MAP_TYPE_H_
#define FCIS_KERNELS_MAP_TYPE_H_

#include <cstdint>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

// The C++ type of a map's elements, as a value.
template <typename T>
struct MapType {
  using type = T;
};
// Of the parameter of a generic lambda:
//   WithMapType(x.type(), [&](auto t) { using T = MapElement<decltype(t)>; ...
//   }
template <typename Type>
using MapElement = typename Type::type;

// f(MapType<T>()) for the type of 16 bits that `type` is (CHECKed).
template <typename F>
auto WithNarrowType(DType type, const F& f) {
  ABSL_RAW_CHECK(type == DType::kBF16 || type == DType::kF16,
                 "not a narrow type of maps");
  return type == DType::kF16 ? f(MapType<Half>()) : f(MapType<uint16_t>());
}

// The same for any type of map (CHECKed).
template <typename F>
auto WithMapType(DType type, const F& f) {
  return type == DType::kF32 ? f(MapType<float>()) : WithNarrowType(type, f);
}

// The largest relative error of a rounding to the type of a map: half of the
// distance from 1 to the next number.
inline double UnitRoundoff(DType type) {
  return type == DType::kF32 ? 0x1p-24 : type == DType::kF16 ? 0x1p-11 : 0x1p-8;
}

// The elements of a map, or of i32, in host memory as f32: the map itself if
// they are.
Tensor AsF32(const Tensor& map);

// A map in host memory as another type of maps, rounded to it: the map itself
// if it has that type.
Tensor AsMapType(const Tensor& map, DType type);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_MAP_TYPE_H_
