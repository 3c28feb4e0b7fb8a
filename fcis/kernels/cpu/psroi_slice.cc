#include "fcis/kernels/cpu/psroi_slice.h"

#include <algorithm>
#include <cstring>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {
namespace {

FCIS_MULTIVERSION void Widen(const uint16_t* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = FromBf16(x[i]);
}

void Widen(const float* x, int64_t n, float* y) {
  std::memcpy(y, x, n * sizeof(float));
}

// Copies `depth` values of every pixel, `pitch` apart, to pixels of `padded`.
// A pixel's values lie in a memory page of their own, which the CPU does not
// prefetch by itself.
template <typename T>
void CopySlice(const T* maps, int64_t pixels, int64_t pitch, int64_t depth,
               int64_t padded, float* to) {
  constexpr int64_t kAhead = 4;
  constexpr int64_t kPerLine = 64 / sizeof(T);
  for (int64_t i = 0; i < pixels; ++i, maps += pitch, to += padded) {
    if (i + kAhead < pixels) {
      for (int64_t d = 0; d < depth; d += kPerLine) {
        __builtin_prefetch(maps + kAhead * pitch + d);
      }
    }
    Widen(maps, depth, to);
    std::fill(to + depth, to + padded, 0.0f);
  }
}

}  // namespace

int64_t PsroiPaddedDepth(int64_t depth) { return RoundUp(depth, kPsroiLanes); }

PsroiSlice LoadPsroiSlice(const Tensor& maps, int64_t bin, int64_t depth) {
  static thread_local Tensor buffer;
  const int64_t pixels = maps.dim(0) * maps.dim(1);
  const int64_t padded = PsroiPaddedDepth(depth);
  if (buffer.num_elements() < pixels * padded) {
    buffer = Tensor(Shape{pixels * padded});
  }
  float* to = buffer.mutable_data<float>();
  const int64_t pitch = maps.dim(2), at = bin * depth;
  if (maps.type() == DType::kF32) {
    CopySlice(maps.data<float>() + at, pixels, pitch, depth, padded, to);
  } else {
    CopySlice(maps.data<uint16_t>() + at, pixels, pitch, depth, padded, to);
  }
  return {to, maps.dim(1), padded};
}

}  // namespace fcis::kernels
