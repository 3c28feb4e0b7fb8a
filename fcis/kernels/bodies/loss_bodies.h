// The losses (fcis/kernels/losses) as bodies of launch.h. A sum over rows is
// taken in parts of kRowsOfPart rows, then over the parts in their order.
#ifndef FCIS_KERNELS_BODIES_LOSS_BODIES_H_
#define FCIS_KERNELS_BODIES_LOSS_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/losses/losses.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/kernels/losses/ohem.h"
#include "fcis/kernels/ops/arg_max.h"

namespace fcis::kernels {

// What is summed over rows of logits: their cross-entropy; how many count
// (label >= 0), and of those, whose largest logit is the label's; the same of
// those with label > 0.
enum RowSum {
  kLossSum,
  kCounted,
  kRight,
  kCountedForeground,
  kRightForeground,
  kNumRowSums,
};

// Label: i32, or i8. Count: PartsOf(rows).
template <typename Label>
struct CrossEntropyPartsBody {
  int64_t rows;
  int classes;
  const float* logits;
  const Label* labels;
  double* sums;  // [parts][kNumRowSums]

  FCIS_HD void operator()(int64_t part) const {
    double s[kNumRowSums] = {};
    const int64_t first = part * kRowsOfPart;
    for (int64_t r = first; r < first + kRowsOfPart && r < rows; ++r) {
      const int label = labels[r];
      if (label < 0) continue;
      const float* x = logits + r * classes;
      const bool right = ArgMaxOfRow(x, classes) == label;
      s[kLossSum] += CrossEntropyOfRow(x, classes, label);
      s[kCounted] += 1;
      s[kRight] += right;
      s[kCountedForeground] += label > 0;
      s[kRightForeground] += right && label > 0;
    }
    for (int k = 0; k < kNumRowSums; ++k) sums[part * kNumRowSums + k] = s[k];
  }
};

// The sum of BoxLoss before it is divided. Rows of `row` values, of which those
// of the box start at `first`. Count: PartsOf(rows).
struct BoxLossPartsBody {
  int64_t rows, row, first;
  float sigma;
  const float* boxes;
  const float* targets;  // [rows][4]
  const int32_t* labels;
  double* sums;  // [parts]

  FCIS_HD void operator()(int64_t part) const {
    double sum = 0;
    const int64_t begin = part * kRowsOfPart;
    for (int64_t r = begin; r < begin + kRowsOfPart && r < rows; ++r) {
      if (labels[r] <= 0) continue;
      const float* box = boxes + r * row + first;
      for (int i = 0; i < 4; ++i) {
        sum += SmoothL1(box[i] - targets[4 * r + i], sigma);
      }
    }
    sums[part] = sum;
  }
};

// Count: columns.
struct SumOfPartsBody {
  int64_t parts, columns;
  const double* from;  // [parts][columns]
  double* to;          // [columns]

  FCIS_HD void operator()(int64_t c) const {
    double sum = 0;
    for (int64_t p = 0; p < parts; ++p) sum += from[p * columns + c];
    to[c] = sum;
  }
};

FCIS_HD inline int64_t CountIn(const double* row_sums) {
  return static_cast<int64_t>(row_sums[kCounted]);
}

// Gradients of a mean over the rows that count, times `factor`. Count: rows.
template <typename Label>
struct CrossEntropyGradientBody {
  int classes;
  const float* logits;
  const Label* labels;
  const double* row_sums;  // of the same rows
  float factor;
  float* grad;

  FCIS_HD void operator()(int64_t r) const {
    float* g = grad + r * classes;
    CrossEntropyGradientOfRow(logits + r * classes, classes, labels[r],
                              ScaleOfMean(CountIn(row_sums)), g);
    for (int k = 0; k < classes; ++k) g[k] *= factor;
  }
};

// The same of the masks' cells, with the factor of MaskShare. Count: cells of
// all RoIs.
struct MaskGradientBody {
  HeadLossParams params;
  int64_t cells;  // of a RoI
  const float* pairs;
  const int8_t* masks;
  const double *cell_sums, *roi_sums;
  float* grad;

  FCIS_HD void operator()(int64_t i) const {
    const float share =
        MaskShare(params, cells, CountIn(cell_sums), CountIn(roi_sums));
    CrossEntropyGradientBody<int8_t>{
        2,
        pairs,
        masks,
        cell_sums,
        params.mask_weight * share * params.gradient_weight,
        grad}(i);
  }
};

// Gradients of BoxLoss, times two factors; 0 for what is not the box's. Count:
// rows * row.
struct BoxGradientBody {
  int64_t row, first;
  float sigma;
  const float* boxes;
  const float* targets;
  const int32_t* labels;
  const double* row_sums;
  float factor, other_factor;
  float* grad;

  FCIS_HD void operator()(int64_t i) const {
    const int64_t r = i / row, k = i % row - first;
    float g = 0;
    if (k >= 0 && k < 4 && labels[r] > 0) {
      g = SmoothL1Slope(boxes[i] - targets[4 * r + k], sigma) *
          ScaleOfMean(CountIn(row_sums));
    }
    grad[i] = g * factor * other_factor;
  }
};

// Count: RoIs.
struct RoiLossBody {
  RoiOutputs outputs;
  double* losses;

  FCIS_HD void operator()(int64_t r) const { losses[r] = RoiLoss(outputs, r); }
};

// Lets go of RoIs that at least `most` others are harder than. Count: RoIs.
struct KeepHardestBody {
  int64_t rois, cells;
  int most;
  const double* losses;
  int32_t* labels;
  int8_t* masks;

  FCIS_HD void operator()(int64_t r) const {
    int64_t harder = 0;
    for (int64_t other = 0; other < rois; ++other) {
      harder += IsHarder(losses[other], other, losses[r], r);
    }
    if (harder < most) return;
    labels[r] = -1;
    for (int64_t i = cells * r; i < cells * (r + 1); ++i) masks[i] = -1;
  }
};

// Count: RoIs.
struct OwnClassBody {
  const int32_t* labels;
  int32_t* own_class;

  FCIS_HD void operator()(int64_t r) const {
    own_class[r] = labels[r] > 0 ? labels[r] : -1;
  }
};

FCIS_HD inline double Share(double right, double counted) {
  return counted == 0 ? 0 : right / counted;
}

// Count: 1.
struct RpnTermsBody {
  const double *row_sums, *box_sum;
  double* terms;

  FCIS_HD void operator()(int64_t) const {
    const int64_t counted = CountIn(row_sums);
    terms[kRpnLocTerm] = MeanOf(*box_sum, counted);
    terms[kRpnClsTerm] = MeanOf(row_sums[kLossSum], counted);
    terms[kRpnAccTerm] = Share(row_sums[kRight], row_sums[kCounted]);
  }
};

// Count: 1.
struct HeadTermsBody {
  HeadLossParams params;
  int64_t cells;  // of a RoI
  const double *row_sums, *box_sum, *cell_sums;
  double* terms;

  FCIS_HD void operator()(int64_t) const {
    const double* s = row_sums;
    const int64_t counted = CountIn(s);
    terms[kFcisLocTerm] = MeanOf(*box_sum, counted);
    terms[kFcisClsTerm] = MeanOf(s[kLossSum], counted);
    terms[kFcisClsAccTerm] = Share(s[kRight], s[kCounted]);
    terms[kFcisFgAccTerm] = Share(s[kRightForeground], s[kCountedForeground]);
    terms[kFcisMaskTerm] =
        MaskShare(params, cells, CountIn(cell_sums), counted) *
        MeanOf(cell_sums[kLossSum], CountIn(cell_sums));
    terms[kForegroundRoisTerm] = s[kCountedForeground];
  }
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_LOSS_BODIES_H_
