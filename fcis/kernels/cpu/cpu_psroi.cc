#include "fcis/kernels/cpu/cpu_psroi.h"

#include <algorithm>
#include <numeric>

#include "absl/types/span.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/psroi_slice.h"
#include "fcis/kernels/cpu/psroi_windows.h"

namespace fcis::kernels {
namespace {

using Runs = absl::Span<const PsroiRun>;

// Vectors of one pixel that are summed at once: with as many for the result
// they fill the registers.
constexpr int kMaxChunk = 6;

// y = sum over all cells of (the pairs' maxima of, or) the window's mean; y is
// aligned for PsroiVec here and below.
template <int K, bool kPairs>
__attribute__((always_inline)) inline void SumCells(const PsroiSlice& slice,
                                                    int64_t channel, Runs rows,
                                                    Runs columns, float* y) {
  PsroiVec total[K];
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) total[k] = PsroiVec{};
  for (const PsroiRun& h : rows) {
    for (const PsroiRun& w : columns) {
      PsroiVec s[K];
      SumPsroiWindow<K>(slice, channel, h, w, s);
      const float scale = static_cast<float>(h.count * w.count) /
                          ((h.end - h.start) * (w.end - w.start));
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k) {
        if (kPairs) {
          PsroiVec other;
          SwapPairs(s[k], &other);
          s[k] = s[k] > other ? s[k] : other;
        }
        total[k] += s[k] * scale;
      }
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) reinterpret_cast<PsroiVec*>(y)[k] = total[k];
}

// As SumCells, for all of the slice's depth.
template <bool kPairs>
__attribute__((always_inline)) inline void SumCellsOfBin(
    const PsroiSlice& slice, Runs rows, Runs columns, float* y) {
  int64_t c = 0;
  for (; c + kMaxChunk * kPsroiLanes <= slice.depth;
       c += kMaxChunk * kPsroiLanes) {
    SumCells<kMaxChunk, kPairs>(slice, c, rows, columns, y + c);
  }
  y += c;
  switch ((slice.depth - c) / kPsroiLanes) {
    case 1:
      // Those of boxes: vectors that lie side by side.
      if (c == 0) {
        return SumCells<1, kPairs>({slice.data, slice.width, kPsroiLanes}, 0,
                                   rows, columns, y);
      }
      return SumCells<1, kPairs>(slice, c, rows, columns, y);
    case 2:
      return SumCells<2, kPairs>(slice, c, rows, columns, y);
    case 3:
      return SumCells<3, kPairs>(slice, c, rows, columns, y);
    case 4:
      return SumCells<4, kPairs>(slice, c, rows, columns, y);
    case 5:
      return SumCells<5, kPairs>(slice, c, rows, columns, y);
  }
}

FCIS_MULTIVERSION void SumMeans(const PsroiSlice& slice, Runs rows,
                                Runs columns, float* y) {
  SumCellsOfBin<false>(slice, rows, columns, y);
}

// Both values of a pair hold the pair's sum.
FCIS_MULTIVERSION void SumMaxima(const PsroiSlice& slice, Runs rows,
                                 Runs columns, float* y) {
  SumCellsOfBin<true>(slice, rows, columns, y);
}

FCIS_MULTIVERSION void AddTo(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

// What all forms share: the windows of all RoIs.
class BinPooler {
 public:
  BinPooler(const PsroiParams& params, const Tensor& maps, const Tensor& rois)
      : group_(params.group_size),
        num_rois_(rois.dim(0)),
        depth_(maps.dim(2) / group_ / group_),
        maps_(maps),
        rows_(params, rois, 1, 3, static_cast<int>(maps.dim(0))),
        columns_(params, rois, 0, 2, static_cast<int>(maps.dim(1))) {}

  int64_t bins() const { return group_ * group_; }
  int64_t depth() const { return depth_; }
  Runs rows(int64_t roi, int64_t bin) const {
    return rows_.runs(roi, static_cast<int>(bin / group_));
  }
  Runs columns(int64_t roi, int64_t bin) const {
    return columns_.runs(roi, static_cast<int>(bin % group_));
  }

  // y[r][v] = mean over all cells of value v * every, as `sum` leaves it.
  void Mean(const PsroiParams& params,
            void (*sum)(const PsroiSlice&, Runs, Runs, float*), int64_t every,
            Tensor* y) const;

 private:
  const int64_t group_, num_rois_, depth_;
  const Tensor& maps_;
  const PsroiWindows rows_, columns_;
};

void BinPooler::Mean(const PsroiParams& params,
                     void (*sum)(const PsroiSlice&, Runs, Runs, float*),
                     int64_t every, Tensor* y) const {
  const int64_t values = y->dim(1);
  Tensor partial(Shape{bins(), num_rois_, values});
  float* parts = partial.mutable_data<float>();
  ParallelFor(bins(), 1, [&](int64_t begin, int64_t end) {
    Tensor sums(Shape{PsroiPaddedDepth(depth_)});
    float* of_roi = sums.mutable_data<float>();
    for (int64_t bin = begin; bin < end; ++bin) {
      const PsroiSlice slice = LoadPsroiSlice(maps_, bin, depth_);
      float* to = parts + bin * num_rois_ * values;
      for (int64_t r = 0; r < num_rois_; ++r, to += values) {
        sum(slice, rows(r, bin), columns(r, bin), of_roi);
        for (int64_t v = 0; v < values; ++v) to[v] = of_roi[v * every];
      }
    }
  });
  // Bins are added in order, whichever thread made them.
  const float cells = static_cast<float>(params.roi_size * params.roi_size);
  float* to = y->mutable_data<float>();
  ParallelFor(num_rois_, 16, [&](int64_t begin, int64_t end) {
    const int64_t n = (end - begin) * values;
    float* rows = to + begin * values;
    std::fill_n(rows, n, 0.0f);
    for (int64_t bin = 0; bin < bins(); ++bin) {
      AddTo(parts + (bin * num_rois_ + begin) * values, n, rows);
    }
    for (int64_t i = 0; i < n; ++i) rows[i] /= cells;
  });
}

// Mean of one value pair over a window, read from the maps themselves.
template <typename T>
void AveragePair(const T* pair, int64_t width, int64_t pitch, const PsroiRun& h,
                 const PsroiRun& w, float* y) {
  float outside = 0, inside = 0;
  for (int iy = h.start; iy < h.end; ++iy) {
    const T* pixel = pair + (iy * width + w.start) * pitch;
    for (int ix = w.start; ix < w.end; ++ix, pixel += pitch) {
      outside += LoadF32(pixel[0]);
      inside += LoadF32(pixel[1]);
    }
  }
  const float area = static_cast<float>((h.end - h.start) * (w.end - w.start));
  y[0] = outside / area;
  y[1] = inside / area;
}

// Writes a pair to every cell of both runs, in y [roi_size, roi_size, 2].
void Spread(const PsroiRun& h, const PsroiRun& w, int roi_size,
            const float* pair, float* y) {
  for (int ph = h.first; ph < h.first + h.count; ++ph) {
    for (int pw = w.first; pw < w.first + w.count; ++pw) {
      std::copy_n(pair, 2, y + (ph * roi_size + pw) * 2);
    }
  }
}

// RoI indices by class: RoIs of one class read the same cache lines.
RecycledVector<int32_t> OrderByClass(const Tensor& classes) {
  const int32_t* label = classes.data<int32_t>();
  RecycledVector<int32_t> order(classes.num_elements());
  std::iota(order.begin(), order.end(), 0);
  // Not std::stable_sort, which takes memory.
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return label[a] != label[b] ? label[a] < label[b] : a < b;
  });
  return order;
}

template <typename T>
void PoolPairs(const BinPooler& pooler, const PsroiParams& params,
               const Tensor& maps, const Tensor& classes, Tensor* y) {
  const RecycledVector<int32_t> order = OrderByClass(classes);
  const int32_t* label = classes.data<int32_t>();
  const int64_t of_roi = y->num_elements() / y->dim(0);
  float* to = y->mutable_data<float>();
  std::fill_n(to, y->num_elements(), 0.0f);
  ParallelForEach(pooler.bins(), 1, [&](int64_t bin) {
    const T* slice = maps.data<T>() + bin * pooler.depth();
    for (const int32_t r : order) {
      for (const PsroiRun& h : pooler.rows(r, bin)) {
        for (const PsroiRun& w : pooler.columns(r, bin)) {
          float pair[2];
          AveragePair(slice + 2 * label[r], maps.dim(1), maps.dim(2), h, w,
                      pair);
          Spread(h, w, params.roi_size, pair, to + r * of_roi);
        }
      }
    }
  });
}

}  // namespace

void CpuPsroi(PsroiForm form, const PsroiParams& params, const Tensor& maps,
              const Tensor& rois, const Tensor& classes, Tensor* y) {
  const BinPooler pooler(params, maps, rois);
  if (form == PsroiForm::kMean) {
    pooler.Mean(params, SumMeans, 1, y);
  } else if (form == PsroiForm::kClassScores) {
    pooler.Mean(params, SumMaxima, 2, y);
  } else if (maps.type() == DType::kF32) {
    PoolPairs<float>(pooler, params, maps, classes, y);
  } else {
    PoolPairs<uint16_t>(pooler, params, maps, classes, y);
  }
}

}  // namespace fcis::kernels
