#include "fcis/kernels/int8_map.h"

#include <algorithm>
#include <cstdint>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

// Adding it rounds the sum to a whole number, to the nearest, ties to even.
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23

FCIS_MULTIVERSION void Code(const float* x, int64_t n, float inverse, float low,
                            float high, uint8_t* y) {
  for (int64_t i = 0; i < n; ++i) {
    float v = x[i] * inverse;
    v = v > low ? v : low;
    v = v < high ? v : high;
    y[i] =
        static_cast<uint8_t>(static_cast<int32_t>((v + kRounder) - kRounder));
  }
}

FCIS_MULTIVERSION void Decode(const uint8_t* x, int64_t n, float scale,
                              float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) * scale;
}

FCIS_MULTIVERSION void Decode(const int8_t* x, int64_t n, float scale,
                              float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) * scale;
}

FCIS_MULTIVERSION void Widen(const uint16_t* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = FromBf16(x[i]);
}

FCIS_MULTIVERSION void Narrow(const float* x, int64_t n, uint16_t* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = ToBf16(x[i]);
}

// What a thread takes at a time, and how much of that through a buffer.
constexpr int64_t kGrain = 1 << 15;
constexpr int64_t kBuffer = 1 << 11;

template <typename Body>
void InPieces(int64_t n, const Body& body) {
  ParallelFor(n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kBuffer) {
      body(at, std::min(kBuffer, end - at));
    }
  });
}

}  // namespace

Tensor ToInt8(const Tensor& map, const Int8Code& code) {
  const bool is_signed = code.type == DType::kI8;
  const float low = is_signed ? -128.0f : 0.0f;
  const float high = is_signed ? 127.0f : 255.0f;
  const float inverse = 1.0f / code.scale;
  const Tensor from = map.type() == DType::kF16 ? AsF32(map) : map;
  Tensor coded(map.shape(), code.type);
  auto* const to = static_cast<uint8_t*>(coded.mutable_raw());
  if (from.type() == DType::kF32) {
    const float* const x = from.data<float>();
    InPieces(map.num_elements(), [&](int64_t at, int64_t n) {
      Code(x + at, n, inverse, low, high, to + at);
    });
    return coded;
  }
  const uint16_t* const x = from.data<uint16_t>();
  InPieces(map.num_elements(), [&](int64_t at, int64_t n) {
    float wide[kBuffer];
    Widen(x + at, n, wide);
    Code(wide, n, inverse, low, high, to + at);
  });
  return coded;
}

Tensor FromInt8(const Tensor& map, float scale, DType type) {
  ABSL_RAW_CHECK(map.type() == DType::kU8 || map.type() == DType::kI8,
                 "not a map of 8 bits");
  if (type == DType::kF16) {
    return AsMapType(FromInt8(map, scale, DType::kF32), type);
  }
  Tensor values(map.shape(), type);
  const auto decode = [&](int64_t at, int64_t n, float* to) {
    if (map.type() == DType::kU8) {
      Decode(map.data<uint8_t>() + at, n, scale, to);
    } else {
      Decode(map.data<int8_t>() + at, n, scale, to);
    }
  };
  if (type == DType::kF32) {
    auto* const to = values.mutable_data<float>();
    InPieces(map.num_elements(),
             [&](int64_t at, int64_t n) { decode(at, n, to + at); });
    return values;
  }
  auto* const to = values.mutable_data<uint16_t>();
  InPieces(map.num_elements(), [&](int64_t at, int64_t n) {
    float wide[kBuffer];
    decode(at, n, wide);
    Narrow(wide, n, to + at);
  });
  return values;
}

}  // namespace fcis::kernels
