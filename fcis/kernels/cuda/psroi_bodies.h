// Position-sensitive RoI pooling and its gradients (ops/psroi_pool.h) as bodies
// of launch.h. Sums run in the order of ref's loops, so that results are ref's
// bit for bit; neighbouring indices are neighbouring channels, which makes the
// reads of a warp one run of memory. T: float, uint16_t for bf16, or Half.
#ifndef FCIS_KERNELS_CUDA_PSROI_BODIES_H_
#define FCIS_KERNELS_CUDA_PSROI_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis {
namespace cuda {

// maps: [height, width, G*G*depth]; rois: [R,4].
template <typename T>
struct PsroiInput {
  PsroiParams params;
  const T* maps;
  int height, width, depth;
  const float* rois;

  FCIS_HD int64_t channels() const {
    return int64_t{params.group_size} * params.group_size * depth;
  }
  FCIS_HD int cells() const { return params.roi_size * params.roi_size; }
};

struct PsroiCell {
  PsroiWindow h, w;
  int64_t channel;  // of value 0

  FCIS_HD int area() const { return h.size() * w.size(); }
};

template <typename T>
FCIS_HD inline PsroiCell CellOf(const PsroiInput<T>& in, int64_t roi, int ph,
                                int pw) {
  const float* box = in.rois + 4 * roi;
  const PsroiAxis y = MakePsroiAxis(in.params, box[1], box[3]);
  const PsroiAxis x = MakePsroiAxis(in.params, box[0], box[2]);
  return {
      MakePsroiWindow(y, ph, in.height), MakePsroiWindow(x, pw, in.width),
      PsroiChannel(in.params.group_size, in.depth, PsroiGroup(in.params, ph),
                   PsroiGroup(in.params, pw), 0)};
}

// Value d of a cell: its window's mean, 0 for an empty one.
template <typename T>
FCIS_HD inline float CellMean(const PsroiInput<T>& in, const PsroiCell& cell,
                              int64_t d) {
  if (cell.area() == 0) return 0;
  const int64_t channels = in.channels();
  float sum = 0;
  for (int h = cell.h.start; h < cell.h.end; ++h) {
    for (int w = cell.w.start; w < cell.w.end; ++w) {
      sum += LoadF32(
          in.maps[(int64_t{h} * in.width + w) * channels + cell.channel + d]);
    }
  }
  return sum / static_cast<float>(cell.area());
}

// ops::PsroiPool; count R * P * P * depth.
template <typename T>
struct PsroiPoolBody {
  PsroiInput<T> in;
  float* y;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t cell = i / in.depth;
    const int c = static_cast<int>(cell % in.cells());
    y[i] = CellMean(in,
                    CellOf(in, cell / in.cells(), c / in.params.roi_size,
                           c % in.params.roi_size),
                    i % in.depth);
  }
};

// ops::PsroiMean; count R * depth.
template <typename T>
struct PsroiMeanBody {
  PsroiInput<T> in;
  float* y;

  FCIS_HD void operator()(int64_t i) const {
    float sum = 0;
    for (int ph = 0; ph < in.params.roi_size; ++ph) {
      for (int pw = 0; pw < in.params.roi_size; ++pw) {
        sum += CellMean(in, CellOf(in, i / in.depth, ph, pw), i % in.depth);
      }
    }
    y[i] = sum / static_cast<float>(in.cells());
  }
};

// ops::PsroiClassScores; count R * depth / 2.
template <typename T>
struct PsroiClassScoresBody {
  PsroiInput<T> in;
  float* y;

  FCIS_HD void operator()(int64_t i) const {
    const int classes = in.depth / 2;
    const int64_t d = i % classes * 2;
    float sum = 0;
    for (int ph = 0; ph < in.params.roi_size; ++ph) {
      for (int pw = 0; pw < in.params.roi_size; ++pw) {
        const PsroiCell cell = CellOf(in, i / classes, ph, pw);
        const float outside = CellMean(in, cell, d);
        const float inside = CellMean(in, cell, d + 1);
        sum += outside < inside ? inside : outside;
      }
    }
    y[i] = sum / static_cast<float>(in.cells());
  }
};

// ops::PsroiClassPair; count R * P * P * 2.
template <typename T>
struct PsroiClassPairBody {
  PsroiInput<T> in;
  const int32_t* classes;  // [R]
  float* y;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t cell = i / 2, roi = cell / in.cells();
    const int c = static_cast<int>(cell % in.cells());
    y[i] = CellMean(
        in, CellOf(in, roi, c / in.params.roi_size, c % in.params.roi_size),
        2 * int64_t{classes[roi]} + i % 2);
  }
};

// Sums over RoIs and those of their cells whose window holds a pixel: the
// gradient of one element of the maps. grad(roi, cell index, cell) is the
// gradient of the cell's value.
template <typename T, typename Gradient>
FCIS_HD inline float GatherCells(const PsroiInput<T>& in, int64_t num_rois,
                                 int64_t element, const Gradient& grad) {
  const PsroiParams& p = in.params;
  const int64_t pixel = element / in.channels();
  const int x = static_cast<int>(pixel % in.width);
  const int y = static_cast<int>(pixel / in.width);
  const int bin = static_cast<int>(element % in.channels() / in.depth);
  const int gh = bin / p.group_size, gw = bin % p.group_size;
  double sum = 0;
  for (int64_t r = 0; r < num_rois; ++r) {
    const float* box = in.rois + 4 * r;
    const PsroiAxis axis_y = MakePsroiAxis(p, box[1], box[3]);
    const PsroiAxis axis_x = MakePsroiAxis(p, box[0], box[2]);
    for (int ph = 0; ph < p.roi_size; ++ph) {
      if (PsroiGroup(p, ph) != gh) continue;
      const PsroiWindow h = MakePsroiWindow(axis_y, ph, in.height);
      if (y < h.start || y >= h.end) continue;
      for (int pw = 0; pw < p.roi_size; ++pw) {
        if (PsroiGroup(p, pw) != gw) continue;
        const PsroiWindow w = MakePsroiWindow(axis_x, pw, in.width);
        if (x < w.start || x >= w.end) continue;
        const PsroiCell cell = {h, w, int64_t{bin} * in.depth};
        sum += grad(r, ph * p.roi_size + pw, cell) /
               (static_cast<double>(h.size()) * w.size());
      }
    }
  }
  return static_cast<float>(sum);
}

// TrainBackend::PsroiMeanGradient; gy [R,depth]; `in.maps` is not read. Count:
// elements of the maps.
struct PsroiMeanGradientBody {
  PsroiInput<float> in;
  int64_t num_rois;
  const float* gy;
  float* gmaps;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t d = i % in.depth;
    const auto grad = [this, d](int64_t r, int, const PsroiCell&) {
      return gy[r * in.depth + d] / static_cast<float>(in.cells());
    };
    gmaps[i] = GatherCells(in, num_rois, i, grad);
  }
};

// TrainBackend::PsroiClassGradient. Count: elements of the maps.
template <typename T>
struct PsroiClassGradientBody {
  PsroiInput<T> in;
  int64_t num_rois;
  const float* gscores;    // [R, depth / 2]
  const int32_t* classes;  // [R]; < 0: none
  const float* gpairs;     // [R,P,P,2]
  float* gmaps;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t d = i % in.depth, c = d / 2;
    const auto grad = [&](int64_t r, int index, const PsroiCell& cell) {
      float outside, inside;
      PairMaxGradient(CellMean(in, cell, 2 * c), CellMean(in, cell, 2 * c + 1),
                      gscores[r * (in.depth / 2) + c], in.cells(), &outside,
                      &inside);
      float g = d % 2 == 0 ? outside : inside;
      if (classes[r] == c) g += gpairs[2 * (r * in.cells() + index) + d % 2];
      return g;
    };
    gmaps[i] = GatherCells(in, num_rois, i, grad);
  }
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_PSROI_BODIES_H_
