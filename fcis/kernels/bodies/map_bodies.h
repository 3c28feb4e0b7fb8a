// What feature maps go through behind and between convolutions, forward and
// back, as bodies of launch.h: residuals, max pooling, ReLU and residual
// gradients, batch norm, change of type. Maps are N,H,W,C; T: float, uint16_t
// for bf16, or Half. Sums run in the order of ref's loops.
#ifndef FCIS_KERNELS_BODIES_MAP_BODIES_H_
#define FCIS_KERNELS_BODIES_MAP_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/ops/max_pool.h"

namespace fcis::kernels {

struct MaxPoolShape {
  int kernel, stride;
  int height, width, channels;  // of x
  int out_height, out_width;    // of y
};

// One element of a map of that size.
struct MapIndex {
  int64_t picture;
  int y, x, channel;
};

FCIS_HD inline MapIndex IndexOf(int64_t i, int height, int width,
                                int channels) {
  const int64_t row = i / channels / width;
  return {row / height, static_cast<int>(row % height),
          static_cast<int>(i / channels % width),
          static_cast<int>(i % channels)};
}

FCIS_HD inline int64_t ElementOf(const MapIndex& at, int height, int width,
                                 int channels) {
  return ((at.picture * height + at.y) * width + at.x) * channels + at.channel;
}

// Element of the first largest value of the window of y's element `at`.
template <typename T>
FCIS_HD inline int64_t LargestOf(const MaxPoolShape& s, const T* x,
                                 const MapIndex& at) {
  int64_t best = -1;
  for (int h = at.y * s.stride; h < at.y * s.stride + s.kernel; ++h) {
    if (h >= s.height) break;
    for (int w = at.x * s.stride; w < at.x * s.stride + s.kernel; ++w) {
      if (w >= s.width) break;
      const int64_t i = ElementOf({at.picture, h, w, at.channel}, s.height,
                                  s.width, s.channels);
      if (best < 0 || LoadF32(x[i]) > LoadF32(x[best])) best = i;
    }
  }
  return best;
}

// ops::MaxPool. Count: elements of y.
template <typename T>
struct MaxPoolBody {
  MaxPoolShape shape;
  const T* x;
  T* y;

  FCIS_HD void operator()(int64_t i) const {
    y[i] = x[LargestOf(
        shape, x,
        IndexOf(i, shape.out_height, shape.out_width, shape.channels))];
  }
};

// Count: elements of x.
template <typename T>
struct MaxPoolGradientBody {
  MaxPoolShape shape;
  const T* x;
  const T* gy;
  T* gx;

  FCIS_HD void operator()(int64_t i) const {
    const MaxPoolShape& s = shape;
    const MapIndex at = IndexOf(i, s.height, s.width, s.channels);
    double sum = 0;
    for (int h = First(at.y); h < s.out_height && h * s.stride <= at.y; ++h) {
      for (int w = First(at.x); w < s.out_width && w * s.stride <= at.x; ++w) {
        const MapIndex out = {at.picture, h, w, at.channel};
        if (LargestOf(s, x, out) != i) continue;
        sum +=
            LoadF32(gy[ElementOf(out, s.out_height, s.out_width, s.channels)]);
      }
    }
    StoreF32(static_cast<float>(sum), gx + i);
  }

  // The first window along an axis that reaches `position`.
  FCIS_HD int First(int position) const {
    const int before = position - shape.kernel + shape.stride;
    return before > 0 ? before / shape.stride : 0;
  }
};

// TrainBackend::Combine; gate or other may be null.
template <typename T>
struct CombineBody {
  const T* gate;
  const T* other;
  T* g;

  FCIS_HD void operator()(int64_t i) const {
    float v = LoadF32(g[i]);
    if (other != nullptr) v += LoadF32(other[i]);
    if (gate != nullptr && !(LoadF32(gate[i]) > 0)) v = 0;
    StoreF32(v, g + i);
  }
};

// TrainBackend::Affine; other and other_scale may be null.
template <typename T>
struct AffineBody {
  int channels;
  const float *mean, *scale, *shift, *other_scale;
  bool relu;
  const T* x;
  const T* other;
  T* y;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t c = i % channels;
    double v =
        static_cast<double>(scale[c]) * (LoadF32(x[i]) - mean[c]) + shift[c];
    if (other != nullptr) {
      const double by = other_scale == nullptr ? 1.0 : other_scale[c];
      v += by * LoadF32(other[i]);
    }
    if (relu && v < 0) v = 0;
    StoreF32(static_cast<float>(v), y + i);
  }
};

// TrainBackend::ChannelSums in two launches: of parts of kRowsOfPart pixels
// each, then of the parts in their order.
constexpr int64_t kRowsOfPart = 256;
FCIS_HD inline int64_t PartsOf(int64_t pixels) {
  return (pixels + kRowsOfPart - 1) / kRowsOfPart;
}

// Count: PartsOf(pixels) * channels.
template <typename T>
struct ChannelPartsBody {
  int64_t pixels;
  int channels;
  const T *a, *b;
  double *sums, *products;  // [parts][channels]

  FCIS_HD void operator()(int64_t i) const {
    const int64_t first = i / channels * kRowsOfPart, c = i % channels;
    double sum = 0, product = 0;
    for (int64_t p = first; p < first + kRowsOfPart && p < pixels; ++p) {
      const float v = LoadF32(a[p * channels + c]);
      sum += v;
      product += static_cast<double>(v) * LoadF32(b[p * channels + c]);
    }
    sums[i] = sum;
    products[i] = product;
  }
};

// Count: channels. What was in sum and product is lost.
struct ChannelTotalsBody {
  int64_t parts;
  int channels;
  const double *sums, *products;
  double *sum, *product;

  FCIS_HD void operator()(int64_t c) const {
    sum[c] = product[c] = 0;
    for (int64_t part = 0; part < parts; ++part) {
      sum[c] += sums[part * channels + c];
      product[c] += products[part * channels + c];
    }
  }
};

// Change of type.
template <typename From, typename To>
struct ConvertBody {
  const From* from;
  To* to;

  FCIS_HD void operator()(int64_t i) const {
    StoreF32(LoadF32(from[i]), to + i);
  }
};

// What follows the sums of a convolution where an engine does not fuse it:
// y = relu?(sum + residual?), rounded once; the bias is in the sum. Count:
// elements of y.
template <typename Y>
struct ConvEndBody {
  bool relu;
  const float* sum;
  const Y* residual;  // like y, or null; may be y
  Y* y;

  FCIS_HD void operator()(int64_t i) const {
    float v = sum[i];
    if (residual != nullptr) v += LoadF32(residual[i]);
    if (relu && v < 0) v = 0;
    StoreF32(v, y + i);
  }
};

// A weight in files' order [out,in,kh,kw] to or from N,H,W,C's [out,kh,kw,in].
// Count: elements.
struct WeightToNhwcBody {
  int64_t in, taps;  // taps = kh * kw
  const float* oihw;
  float* ohwi;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t o = i / (in * taps), tap = i / in % taps;
    ohwi[i] = oihw[(o * in + i % in) * taps + tap];
  }
};

struct WeightToFileBody {
  int64_t in, taps;
  const float* ohwi;
  float* oihw;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t o = i / (in * taps), channel = i / taps % in;
    oihw[i] = ohwi[(o * taps + i % taps) * in + channel];
  }
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_MAP_BODIES_H_
