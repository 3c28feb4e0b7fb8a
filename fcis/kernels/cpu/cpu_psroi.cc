#include "fcis/kernels/cpu/cpu_psroi.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/psroi_windows.h"

namespace fcis {
namespace {

using Runs = absl::Span<const PsroiRun>;

// One AVX-512 register; the compiler splits it for narrower machines.
constexpr int kLanes = 16;
typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t Index __attribute__((vector_size(kLanes * sizeof(float))));

// Vectors of one pixel that are summed at once: with as many for the result
// they fill the registers.
constexpr int kMaxChunk = 6;

// The values of one bin: pixel (h, w) starts at data + (h * width + w) * depth.
// depth is a multiple of kLanes, padded with zeros; data is aligned for Vec.
struct Slice {
  const float* data;
  int64_t width;
  int64_t depth;
};

int64_t PaddedDepth(int64_t depth) {
  return (depth + kLanes - 1) / kLanes * kLanes;
}

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

// The slice of bin `bin`, in a buffer that the thread keeps for the next one.
Slice LoadSlice(const Tensor& maps, int64_t bin, int64_t depth) {
  static thread_local Tensor buffer;
  const int64_t pixels = maps.dim(0) * maps.dim(1);
  const int64_t padded = PaddedDepth(depth);
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

// s[k] = sum over the window of vector k, row by row.
template <int K>
__attribute__((always_inline)) inline void SumWindow(const Slice& slice,
                                                     int64_t channel,
                                                     const PsroiRun& h,
                                                     const PsroiRun& w,
                                                     Vec* s) {
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) s[k] = Vec{};
  for (int y = h.start; y < h.end; ++y) {
    const float* pixel =
        slice.data + (y * slice.width + w.start) * slice.depth + channel;
    for (int x = w.start; x < w.end; ++x, pixel += slice.depth) {
      const Vec* v = reinterpret_cast<const Vec*>(pixel);
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k) s[k] += v[k];
    }
  }
}

// y = sum over all cells of (the pairs' maxima of, or) the window's mean; y is
// aligned for Vec here and below.
template <int K, bool kPairs>
__attribute__((always_inline)) inline void SumCells(const Slice& slice,
                                                    int64_t channel, Runs rows,
                                                    Runs columns, float* y) {
  constexpr Index kSwap = {1, 0, 3,  2,  5,  4,  7,  6,
                           9, 8, 11, 10, 13, 12, 15, 14};
  Vec total[K];
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) total[k] = Vec{};
  for (const PsroiRun& h : rows) {
    for (const PsroiRun& w : columns) {
      Vec s[K];
      SumWindow<K>(slice, channel, h, w, s);
      const float scale = static_cast<float>(h.count * w.count) /
                          ((h.end - h.start) * (w.end - w.start));
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k) {
        if (kPairs) {
          const Vec other = __builtin_shuffle(s[k], kSwap);
          s[k] = s[k] > other ? s[k] : other;
        }
        total[k] += s[k] * scale;
      }
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) reinterpret_cast<Vec*>(y)[k] = total[k];
}

// As SumCells, for all of the slice's depth.
template <bool kPairs>
__attribute__((always_inline)) inline void SumCellsOfBin(const Slice& slice,
                                                         Runs rows,
                                                         Runs columns,
                                                         float* y) {
  int64_t c = 0;
  for (; c + kMaxChunk * kLanes <= slice.depth; c += kMaxChunk * kLanes) {
    SumCells<kMaxChunk, kPairs>(slice, c, rows, columns, y + c);
  }
  y += c;
  switch ((slice.depth - c) / kLanes) {
    case 1:
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

FCIS_MULTIVERSION void SumMeans(const Slice& slice, Runs rows, Runs columns,
                                float* y) {
  SumCellsOfBin<false>(slice, rows, columns, y);
}

// Both values of a pair hold the pair's sum.
FCIS_MULTIVERSION void SumMaxima(const Slice& slice, Runs rows, Runs columns,
                                 float* y) {
  SumCellsOfBin<true>(slice, rows, columns, y);
}

FCIS_MULTIVERSION void AverageWindow(const Slice& slice, const PsroiRun& h,
                                     const PsroiRun& w, float* y) {
  const float area = static_cast<float>((h.end - h.start) * (w.end - w.start));
  for (int64_t c = 0; c < slice.depth; c += kLanes) {
    Vec s;
    SumWindow<1>(slice, c, h, w, &s);
    *reinterpret_cast<Vec*>(y + c) = s / area;
  }
}

FCIS_MULTIVERSION void AddTo(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

// What all forms share: the windows of all RoIs, and a loop over bins.
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
  int64_t padded_depth() const { return PaddedDepth(depth_); }
  Runs rows(int64_t roi, int64_t bin) const {
    return rows_.runs(roi, static_cast<int>(bin / group_));
  }
  Runs columns(int64_t roi, int64_t bin) const {
    return columns_.runs(roi, static_cast<int>(bin % group_));
  }

  // y[r][v] = mean over all cells of value v * every, as `sum` leaves it.
  void Mean(const PsroiParams& params,
            void (*sum)(const Slice&, Runs, Runs, float*), int64_t every,
            Tensor* y) const;

 private:
  const int64_t group_, num_rois_, depth_;
  const Tensor& maps_;
  const PsroiWindows rows_, columns_;
};

void BinPooler::Mean(const PsroiParams& params,
                     void (*sum)(const Slice&, Runs, Runs, float*),
                     int64_t every, Tensor* y) const {
  const int64_t values = y->dim(1);
  Tensor partial(Shape{bins(), num_rois_, values});
  float* parts = partial.mutable_data<float>();
  ParallelFor(bins(), 1, [&](int64_t begin, int64_t end) {
    Tensor sums(Shape{padded_depth()});
    float* of_roi = sums.mutable_data<float>();
    for (int64_t bin = begin; bin < end; ++bin) {
      const Slice slice = LoadSlice(maps_, bin, depth_);
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

// Writes `n` values to every cell of both runs, in y [roi_size, roi_size, n].
void Spread(const PsroiRun& h, const PsroiRun& w, int roi_size,
            const float* values, int64_t n, float* y) {
  for (int ph = h.first; ph < h.first + h.count; ++ph) {
    for (int pw = w.first; pw < w.first + w.count; ++pw) {
      std::copy_n(values, n, y + (ph * roi_size + pw) * n);
    }
  }
}

// RoI indices by class: RoIs of one class read the same cache lines.
std::vector<int32_t> OrderByClass(const Tensor& classes) {
  const int32_t* label = classes.data<int32_t>();
  std::vector<int32_t> order(classes.num_elements());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return label[a] < label[b]; });
  return order;
}

template <typename T>
void RunClassPair(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, const Tensor& classes, Tensor* y) {
  const BinPooler pooler(params, maps, rois);
  const std::vector<int32_t> order = OrderByClass(classes);
  const int32_t* label = classes.data<int32_t>();
  const int64_t of_roi = y->num_elements() / y->dim(0);
  float* to = y->mutable_data<float>();
  std::fill_n(to, y->num_elements(), 0.0f);
  ParallelFor(pooler.bins(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t bin = begin; bin < end; ++bin) {
      const T* slice = maps.data<T>() + bin * pooler.depth();
      for (const int32_t r : order) {
        for (const PsroiRun& h : pooler.rows(r, bin)) {
          for (const PsroiRun& w : pooler.columns(r, bin)) {
            float pair[2];
            AveragePair(slice + 2 * label[r], maps.dim(1), maps.dim(2), h, w,
                        pair);
            Spread(h, w, params.roi_size, pair, 2, to + r * of_roi);
          }
        }
      }
    }
  });
}

}  // namespace

void CpuPsroiPool(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, Tensor* y) {
  const BinPooler pooler(params, maps, rois);
  const int64_t depth = pooler.depth();
  const int64_t of_roi = y->num_elements() / y->dim(0);
  float* to = y->mutable_data<float>();
  std::fill_n(to, y->num_elements(), 0.0f);
  ParallelFor(pooler.bins(), 1, [&](int64_t begin, int64_t end) {
    Tensor mean(Shape{pooler.padded_depth()});
    float* values = mean.mutable_data<float>();
    for (int64_t bin = begin; bin < end; ++bin) {
      const Slice slice = LoadSlice(maps, bin, depth);
      for (int64_t r = 0; r < rois.dim(0); ++r) {
        for (const PsroiRun& h : pooler.rows(r, bin)) {
          for (const PsroiRun& w : pooler.columns(r, bin)) {
            AverageWindow(slice, h, w, values);
            Spread(h, w, params.roi_size, values, depth, to + r * of_roi);
          }
        }
      }
    }
  });
}

void CpuPsroiMean(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, Tensor* y) {
  BinPooler(params, maps, rois).Mean(params, SumMeans, 1, y);
}

void CpuPsroiClassScores(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) {
  BinPooler(params, maps, rois).Mean(params, SumMaxima, 2, y);
}

void CpuPsroiClassPair(const PsroiParams& params, const Tensor& maps,
                       const Tensor& rois, const Tensor& classes, Tensor* y) {
  (maps.type() == DType::kF32
       ? RunClassPair<float>
       : RunClassPair<uint16_t>)(params, maps, rois, classes, y);
}

}  // namespace fcis
