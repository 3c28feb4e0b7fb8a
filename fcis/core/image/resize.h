// Resizing with OpenCV's meaning of the pixel grid (half-pixel centres), as
// the reference uses it (docs/reference.md, Prediction 2).
#ifndef FCIS_CORE_IMAGE_RESIZE_H_
#define FCIS_CORE_IMAGE_RESIZE_H_

#include <cmath>
#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {

// Where one output sample of a bilinear resize reads: in[index] * (1 -
// fraction) + in[index + 1] * fraction; the second is not read when fraction
// is 0, which it is at and beyond the borders.
struct BilinearTap {
  int index;
  float fraction;
};

// Input samples per output sample when `in` become `out`; both >= 1.
FCIS_HD inline double BilinearStep(int in, int out) {
  return static_cast<double>(in) / out;
}

// Tap of output `i` of such a resize; for many taps of one.
FCIS_HD inline BilinearTap BilinearTapAt(int i, int in, double step) {
  const float x = static_cast<float>((i + 0.5) * step - 0.5);
  const int index = static_cast<int>(floorf(x));
  if (index < 0) return {0, 0.0f};
  if (index >= in - 1) return {in - 1, 0.0f};
  return {index, x - static_cast<float>(index)};
}

// Tap of output `i` when `in` samples become `out`; both >= 1.
FCIS_HD inline BilinearTap MakeBilinearTap(int i, int in, int out) {
  return BilinearTapAt(i, in, BilinearStep(in, out));
}

FCIS_HD inline float Lerp(float a, float b, float fraction) {
  return a * (1.0f - fraction) + b * fraction;
}

// Source index of output `i` of a nearest-neighbour resize.
FCIS_HD inline int NearestSource(int i, int in, int out) {
  return static_cast<int>(static_cast<int64_t>(i) * in / out);
}

RecycledVector<BilinearTap> BilinearTaps(int in, int out);

// src [height][width] -> dst [out_height][out_width]; all extents >= 1.
// Horizontally first, then vertically, in float32.
void ResizeBilinear(const float* src, int height, int width, float* dst,
                    int out_height, int out_width);

// src [height][width] -> dst [out_height][out_width]; all extents >= 1.
void ResizeNearest(const uint8_t* src, int height, int width, uint8_t* dst,
                   int out_height, int out_width);

}  // namespace fcis

#endif  // FCIS_CORE_IMAGE_RESIZE_H_
