// Position-sensitive RoI pooling and its gradients (ops/psroi_pool.h) as bodies
// of launch.h. Sums run in the order of ref's loops, so that results are ref's
// bit for bit; neighbouring indices are neighbouring channels, which makes the
// reads of a warp one run of memory. T: float, uint16_t for bf16, or Half.
#ifndef FCIS_KERNELS_BODIES_PSROI_BODIES_H_
#define FCIS_KERNELS_BODIES_PSROI_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::kernels {

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

// PsroiForm::kPool; count R * P * P * depth.
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

// The larger of each pair of each cell; count R * P * P * depth / 2.
template <typename T>
struct PsroiPairMaxBody {
  PsroiInput<T> in;
  float* y;

  FCIS_HD void operator()(int64_t i) const {
    const int classes = in.depth / 2;
    const int64_t index = i / classes, d = i % classes * 2;
    const int c = static_cast<int>(index % in.cells());
    const PsroiCell cell = CellOf(
        in, index / in.cells(), c / in.params.roi_size, c % in.params.roi_size);
    const float outside = CellMean(in, cell, d);
    const float inside = CellMean(in, cell, d + 1);
    y[i] = outside < inside ? inside : outside;
  }
};

// The mean of a RoI's cells: PsroiForm::kMean of what PsroiPoolBody gives,
// kClassScores of what PsroiPairMaxBody gives. Count: R * depth.
struct PsroiCellMeansBody {
  int cells, depth;
  const float* of_cells;  // [R,cells,depth]
  float* y;

  FCIS_HD void operator()(int64_t i) const {
    const float* from = of_cells + i / depth * cells * depth + i % depth;
    float sum = 0;
    for (int c = 0; c < cells; ++c) sum += from[int64_t{c} * depth];
    y[i] = sum / static_cast<float>(cells);
  }
};

// PsroiForm::kClassPair; count R * P * P * 2.
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

// The gradients of the maps are made in three launches whose work is that of
// the windows: spans say which cells meet at a pixel, shares what each pixel of
// a cell's window gets, and the gather adds the shares of the cells that meet,
// by rising RoI and cell.

// Cells [first, end) of one RoI along one axis, all of one bin: those whose
// windows hold a pixel.
struct PsroiSpan {
  int32_t roi;
  int32_t first, end;
};

// Empty (end is 0) where no cell of the bin holds the pixel.
FCIS_HD inline PsroiSpan PsroiSpanAt(const PsroiParams& params,
                                     const PsroiAxis& axis, int bin, int pixel,
                                     int extent, int32_t roi) {
  PsroiSpan span = {roi, 0, 0};
  int p = (bin * params.roi_size + params.group_size - 1) / params.group_size;
  for (; p < params.roi_size && PsroiGroup(params, p) == bin; ++p) {
    const PsroiWindow w = MakePsroiWindow(axis, p, extent);
    if (pixel < w.start || pixel >= w.end) continue;
    if (span.end == 0) span.first = p;
    span.end = p + 1;
  }
  return span;
}

// Lists of the spans that are not empty, by rising RoI: of each bin at each row
// of pixels, then of each bin at each column. A list has room for num_rois + 1;
// a span of RoI num_rois ends it. Count: lists().
struct PsroiSpansBody {
  PsroiParams params;
  int height, width;
  int64_t num_rois;
  const float* rois;
  PsroiSpan* spans;

  FCIS_HD int64_t lists() const {
    return int64_t{params.group_size} * (height + width);
  }

  FCIS_HD void operator()(int64_t i) const {
    const int64_t rows = int64_t{params.group_size} * height;
    const bool is_row = i < rows;
    const int at = static_cast<int>(is_row ? i : i - rows);
    const int extent = is_row ? height : width;
    PsroiSpan* to = spans + i * (num_rois + 1);
    for (int64_t r = 0; r < num_rois; ++r) {
      const float* lo = rois + 4 * r + (is_row ? 1 : 0);
      const PsroiSpan span =
          PsroiSpanAt(params, MakePsroiAxis(params, lo[0], lo[2]), at / extent,
                      at % extent, extent, static_cast<int32_t>(r));
      if (span.end > 0) *to++ = span;
    }
    *to = {static_cast<int32_t>(num_rois), 0, 0};
  }
};

// What each pixel of a cell's window gets of the gradient of the cell's value.
FCIS_HD inline float PsroiShare(const PsroiCell& cell, float gradient) {
  const int area = cell.area();
  return area == 0 ? 0.0f : gradient / static_cast<float>(area);
}

// Shares of kMean; `in.maps` is not read. Count: R * P * P * depth.
struct PsroiMeanSharesBody {
  PsroiInput<float> in;
  const float* gy;  // [R,depth]
  float* shares;    // [R,P,P,depth]

  FCIS_HD void operator()(int64_t i) const {
    const int64_t d = i % in.depth, index = i / in.depth;
    const int64_t roi = index / in.cells();
    const int c = static_cast<int>(index % in.cells());
    shares[i] = PsroiShare(
        CellOf(in, roi, c / in.params.roi_size, c % in.params.roi_size),
        gy[roi * in.depth + d] / static_cast<float>(in.cells()));
  }
};

// Shares of kClassScores plus those of kClassPair. Count: R * P * P *
// depth / 2.
template <typename T>
struct PsroiClassSharesBody {
  PsroiInput<T> in;
  const float* gscores;    // [R, depth / 2]
  const int32_t* classes;  // [R]; < 0: none
  const float* gpairs;     // [R,P,P,2]
  float* shares;           // [R,P,P,depth]

  FCIS_HD void operator()(int64_t i) const {
    const int64_t num_classes = in.depth / 2;
    const int64_t c = i % num_classes, index = i / num_classes;
    const int64_t roi = index / in.cells();
    const int p = static_cast<int>(index % in.cells());
    const PsroiCell cell =
        CellOf(in, roi, p / in.params.roi_size, p % in.params.roi_size);
    float outside, inside;
    PairMaxGradient(CellMean(in, cell, 2 * c), CellMean(in, cell, 2 * c + 1),
                    gscores[roi * num_classes + c], in.cells(), &outside,
                    &inside);
    if (classes[roi] == c) {
      outside += gpairs[2 * index];
      inside += gpairs[2 * index + 1];
    }
    shares[2 * i] = PsroiShare(cell, outside);
    shares[2 * i + 1] = PsroiShare(cell, inside);
  }
};

// Channels of a bin that one index takes: finding the cells costs as much as
// adding a few of them.
constexpr int kPsroiValues = 4;

// Adds, at each pixel of each bin, the shares of the cells that meet there.
// Count: indices().
struct PsroiGatherBody {
  PsroiParams params;
  int height, width, depth;
  int64_t num_rois;
  const PsroiSpan* spans;
  const float* shares;  // [R,P,P,depth]
  float* gmaps;         // [height, width, G*G*depth]

  // Neighbouring indices are neighbouring channels; one takes every lanes-th.
  FCIS_HD int lanes() const {
    return (depth + kPsroiValues - 1) / kPsroiValues;
  }
  FCIS_HD int bins() const { return params.group_size * params.group_size; }
  FCIS_HD int64_t indices() const {
    return int64_t{height} * width * bins() * lanes();
  }

  FCIS_HD void operator()(int64_t i) const {
    const int lane = static_cast<int>(i % lanes());
    const int64_t run = i / lanes();
    const int bin = static_cast<int>(run % bins());
    const int64_t pixel = run / bins();
    const PsroiSpan* row =
        List(bin / params.group_size * int64_t{height} + pixel / width);
    const PsroiSpan* column =
        List(params.group_size * int64_t{height} +
             bin % params.group_size * int64_t{width} + pixel % width);
    double sums[kPsroiValues] = {};
    while (row->roi < num_rois && column->roi < num_rois) {
      const int roi = row->roi, other = column->roi;
      if (roi == other) AddCells(*row, *column, lane, sums);
      row += roi <= other;
      column += other <= roi;
    }
    float* to = gmaps + run * depth;
    for (int k = 0; k < kPsroiValues; ++k) {
      const int d = lane + k * lanes();
      if (d < depth) to[d] = static_cast<float>(sums[k]);
    }
  }

  FCIS_HD const PsroiSpan* List(int64_t i) const {
    return spans + i * (num_rois + 1);
  }
  FCIS_HD void AddCells(const PsroiSpan& row, const PsroiSpan& column, int lane,
                        double* sums) const {
    for (int ph = row.first; ph < row.end; ++ph) {
      for (int pw = column.first; pw < column.end; ++pw) {
        const int64_t cell =
            (int64_t{row.roi} * params.roi_size + ph) * params.roi_size + pw;
        const float* from = shares + cell * depth;
        for (int k = 0; k < kPsroiValues; ++k) {
          const int d = lane + k * lanes();
          if (d < depth) sums[k] += from[d];
        }
      }
    }
  }
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_PSROI_BODIES_H_
