#include "fcis/kernels/cpu/cpu_psroi_gradient.h"

#include <algorithm>

#include "absl/types/span.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/psroi_slice.h"
#include "fcis/kernels/cpu/psroi_windows.h"

namespace fcis::kernels {
namespace {

using Runs = absl::Span<const PsroiRun>;

// The gradient of one bin, laid out as a PsroiSlice.
struct GradientSlice {
  float* data;
  int64_t width;
  int64_t depth;
};

int Area(const PsroiRun& h, const PsroiRun& w) {
  return (h.end - h.start) * (w.end - w.start);
}

// Adds `v` to vector `channel` of every pixel of the window.
__attribute__((always_inline)) inline void AddToWindow(const PsroiVec& v,
                                                       const PsroiRun& h,
                                                       const PsroiRun& w,
                                                       int64_t channel,
                                                       GradientSlice* g) {
  for (int y = h.start; y < h.end; ++y) {
    float* pixel = g->data + (y * g->width + w.start) * g->depth + channel;
    for (int x = w.start; x < w.end; ++x, pixel += g->depth) {
      *reinterpret_cast<PsroiVec*>(pixel) += v;
    }
  }
}

// of_cell: what each cell's value gets, padded to the slice's depth.
FCIS_MULTIVERSION void AddMeans(Runs rows, Runs columns, const float* of_cell,
                                GradientSlice* g) {
  for (int64_t c = 0; c < g->depth; c += kPsroiLanes) {
    const PsroiVec share = *reinterpret_cast<const PsroiVec*>(of_cell + c);
    for (const PsroiRun& h : rows) {
      for (const PsroiRun& w : columns) {
        const float scale = static_cast<float>(h.count * w.count) / Area(h, w);
        AddToWindow(share * scale, h, w, c, g);
      }
    }
  }
}

// As AddMeans, but only to the larger of each pair of the cell's means, to
// both at a tie.
FCIS_MULTIVERSION void AddMaxima(const PsroiSlice& maps, Runs rows,
                                 Runs columns, const float* of_cell,
                                 GradientSlice* g) {
  for (int64_t c = 0; c < g->depth; c += kPsroiLanes) {
    const PsroiVec share = *reinterpret_cast<const PsroiVec*>(of_cell + c);
    for (const PsroiRun& h : rows) {
      for (const PsroiRun& w : columns) {
        PsroiVec s;
        SumPsroiWindow<1>(maps, c, h, w, &s);
        PsroiVec other;
        SwapPairs(s, &other);
        const float scale = static_cast<float>(h.count * w.count) / Area(h, w);
        AddToWindow(s >= other ? share * scale : PsroiVec{}, h, w, c, g);
      }
    }
  }
}

// The pair of one class: gpairs [P,P,2] of one RoI.
void AddPair(const PsroiParams& params, Runs rows, Runs columns, int32_t c,
             const float* gpairs, GradientSlice* g) {
  for (const PsroiRun& h : rows) {
    for (const PsroiRun& w : columns) {
      float pair[2] = {0, 0};
      for (int ph = h.first; ph < h.first + h.count; ++ph) {
        for (int pw = w.first; pw < w.first + w.count; ++pw) {
          pair[0] += gpairs[2 * (ph * params.roi_size + pw)];
          pair[1] += gpairs[2 * (ph * params.roi_size + pw) + 1];
        }
      }
      const float area = static_cast<float>(Area(h, w));
      for (int y = h.start; y < h.end; ++y) {
        float* to = g->data + (y * g->width + w.start) * g->depth + 2 * c;
        for (int x = w.start; x < w.end; ++x, to += g->depth) {
          to[0] += pair[0] / area;
          to[1] += pair[1] / area;
        }
      }
    }
  }
}

// Rows [R, depth] of what each cell's value gets, padded with zeros: value d
// from column d / every of gy, over the number of cells.
Tensor CellShares(const PsroiParams& params, const Tensor& gy, int64_t depth,
                  int64_t every) {
  const int64_t padded = PsroiPaddedDepth(depth);
  const int cells = params.roi_size * params.roi_size;
  Tensor shares = Tensor::Zeros({gy.dim(0), padded});
  for (int64_t r = 0; r < gy.dim(0); ++r) {
    for (int64_t d = 0; d < depth; ++d) {
      shares.mutable_data<float>()[r * padded + d] =
          gy.data<float>()[r * gy.dim(1) + d / every] / cells;
    }
  }
  return shares;
}

// Calls add(bin, rows(RoI), columns(RoI), RoI, slice) for all RoIs of all
// bins, each bin with a slice of zeros that then goes into gmaps.
template <typename Add>
void ForEachBin(const PsroiParams& params, const Tensor& rois, Tensor* gmaps,
                const Add& add) {
  const int group = params.group_size;
  const int64_t pixels = gmaps->dim(0) * gmaps->dim(1);
  const int64_t pitch = gmaps->dim(2), depth = pitch / group / group;
  const int64_t padded = PsroiPaddedDepth(depth);
  const PsroiWindows rows(params, rois, 1, 3, static_cast<int>(gmaps->dim(0)));
  const PsroiWindows columns(params, rois, 0, 2,
                             static_cast<int>(gmaps->dim(1)));
  float* out = gmaps->mutable_data<float>();
  ParallelFor(group * group, 1, [&](int64_t begin, int64_t end) {
    Tensor buffer(Shape{pixels, padded});
    GradientSlice slice = {buffer.mutable_data<float>(), gmaps->dim(1), padded};
    for (int64_t bin = begin; bin < end; ++bin) {
      std::fill_n(slice.data, pixels * padded, 0.0f);
      add(bin, rows, columns, &slice);
      for (int64_t i = 0; i < pixels; ++i) {
        std::copy_n(slice.data + i * padded, depth,
                    out + i * pitch + bin * depth);
      }
    }
  });
}

}  // namespace

void CpuPsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                          const Tensor& gy, Tensor* gmaps) {
  const Tensor shares = CellShares(params, gy, gy.dim(1), 1);
  const int group = params.group_size;
  ForEachBin(params, rois, gmaps,
             [&](int64_t bin, const PsroiWindows& rows,
                 const PsroiWindows& columns, GradientSlice* slice) {
               for (int64_t r = 0; r < rois.dim(0); ++r) {
                 AddMeans(rows.runs(r, static_cast<int>(bin / group)),
                          columns.runs(r, static_cast<int>(bin % group)),
                          shares.data<float>() + r * shares.dim(1), slice);
               }
             });
}

void CpuPsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                           const Tensor& rois, const Tensor& gscores,
                           const Tensor& classes, const Tensor& gpairs,
                           Tensor* gmaps) {
  const int64_t depth = 2 * gscores.dim(1);
  const Tensor shares = CellShares(params, gscores, depth, 2);
  const int64_t of_roi = int64_t{2} * params.roi_size * params.roi_size;
  const int group = params.group_size;
  ForEachBin(params, rois, gmaps,
             [&](int64_t bin, const PsroiWindows& rows,
                 const PsroiWindows& columns, GradientSlice* slice) {
               const PsroiSlice scores = LoadPsroiSlice(maps, bin, depth);
               for (int64_t r = 0; r < rois.dim(0); ++r) {
                 const Runs h = rows.runs(r, static_cast<int>(bin / group));
                 const Runs w = columns.runs(r, static_cast<int>(bin % group));
                 AddMaxima(scores, h, w,
                           shares.data<float>() + r * shares.dim(1), slice);
                 const int32_t c = classes.data<int32_t>()[r];
                 if (c < 0) continue;
                 AddPair(params, h, w, c, gpairs.data<float>() + r * of_roi,
                         slice);
               }
             });
}

}  // namespace fcis::kernels
