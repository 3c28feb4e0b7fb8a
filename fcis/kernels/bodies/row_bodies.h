// What the head does with its rows, as bodies of launch.h: a thread per row.
#ifndef FCIS_KERNELS_BODIES_ROW_BODIES_H_
#define FCIS_KERNELS_BODIES_ROW_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/box.h"
#include "fcis/kernels/ops/refine_boxes.h"
#include "fcis/kernels/ops/softmax.h"

namespace fcis::kernels {

// Count: rows of `length` >= 1.
struct SoftmaxBody {
  int64_t length;
  const float* x;
  float* y;

  FCIS_HD void operator()(int64_t row) const {
    SoftmaxRow(x + row * length, length, y + row * length);
  }
};

// Count: pairs.
struct InsideProbabilityBody {
  const float* pairs;
  float* inside;

  FCIS_HD void operator()(int64_t i) const {
    inside[i] = InsideProbability(pairs + 2 * i);
  }
};

// ops::RefineBoxes. Count: RoIs.
struct RefineBody {
  RefineParams params;
  int64_t rois, row;  // how many; values in a row of deltas
  const Box* given;
  const float* deltas;  // the last four of a row count
  Box* to;              // the given ones, then the refined ones

  FCIS_HD void operator()(int64_t r) const {
    to[r] = given[r];
    to[rois + r] = RefinedBox(params, given[r], deltas + (r + 1) * row - 4);
  }
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_ROW_BODIES_H_
