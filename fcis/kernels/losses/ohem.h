// Online hard example mining (Shrivastava et al., 2016, as msracver/FCIS has it
// in box_annotator_ohem.py): all RoIs are scored, those with the largest loss
// train.
#ifndef FCIS_KERNELS_LOSSES_OHEM_H_
#define FCIS_KERNELS_LOSSES_OHEM_H_

#include <cmath>
#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/losses/losses.h"

namespace fcis::kernels {

// Outputs and targets of RoIs.
struct RoiOutputs {
  int classes = 0;                // background included
  const float* scores = nullptr;  // [n][classes]
  // [n][box_row] values, of which those of an RoI's box start at box_first.
  const float* boxes = nullptr;
  int64_t box_row = 4, box_first = 0;
  int64_t cells = 0;                  // of a RoI's mask
  const float* mask_pairs = nullptr;  // [n][cells][2]
  // 0 .. classes - 1; a RoI of 0 (background) has no box and no mask loss.
  const int32_t* labels = nullptr;
  const float* box_targets = nullptr;    // [n][4]
  const int8_t* mask_targets = nullptr;  // [n][cells]: 0, 1, -1 (ignored)
  float sigma = 1;                       // of smooth L1
  // Factors of the three losses.
  float class_weight = 1, box_weight = 1, mask_weight = 1;
};

// Of RoI r: weighted sum of its cross-entropy, the smooth L1 of its four values
// and the mean cross-entropy of all its cells (0 for ignored ones).
FCIS_HD inline double RoiLoss(const RoiOutputs& o, int64_t r) {
  double loss = o.class_weight * CrossEntropyOfRow(o.scores + r * o.classes,
                                                   o.classes, o.labels[r]);
  if (o.labels[r] <= 0) return loss;
  const float* box = o.boxes + r * o.box_row + o.box_first;
  for (int i = 0; i < 4; ++i) {
    loss += o.box_weight * SmoothL1(box[i] - o.box_targets[4 * r + i], o.sigma);
  }
  double mask = 0;
  for (int64_t i = o.cells * r; i < o.cells * (r + 1); ++i) {
    if (o.mask_targets[i] < 0) continue;
    mask += CrossEntropyOfRow(o.mask_pairs + 2 * i, 2, o.mask_targets[i]);
  }
  return loss + o.mask_weight * mask / static_cast<double>(o.cells);
}

// Whether RoI i with loss a is harder than RoI j with loss b: a total order. A
// loss that is not a number counts as the largest, so that it is seen; of equal
// losses the lower index goes first.
FCIS_HD inline bool IsHarder(double a, int64_t i, double b, int64_t j) {
  const double kLargest = INFINITY;
  const double x = a == a ? a : kLargest, y = b == b ? b : kLargest;
  return x != y ? x > y : i < j;
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_LOSSES_OHEM_H_
