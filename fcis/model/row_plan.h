// The order in which the first layers of a network are computed some rows at a
// time, so that what a layer reads is still in the CPU's cache: their maps are
// larger than that. A few rows go through all the layers before the next ones.
#ifndef FCIS_MODEL_ROW_PLAN_H_
#define FCIS_MODEL_ROW_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::model {

// A layer as far as rows go. Its maps have numbers: 0 is the input of the first
// layer, i + 1 the output of layer i.
struct RowLayer {
  static constexpr int kNone = -1;

  int source = 0;        // the map that it reads, smaller than its own
  int residual = kNone;  // the map that is added to its output, row by row
  int kernel = 1, stride = 1, dilation = 1;
  // Rows of zeros around the source. Without, the last row may read fewer rows.
  int pad = 0;
  int64_t height = 0;  // rows of its output
  // The whole output is wanted at the end.
  bool kept = false;
  // The output may stand where the residual stood.
  bool may_replace = false;
};

// Some rows of one layer. "at": in rows of the storage of a map.
struct RowStep {
  int layer = 0;
  int64_t rows = 0;  // of the output, those that come next
  int64_t x_rows = 0;
  kernels::RowPads pads;
  int64_t x_at = 0, residual_at = 0, y_at = 0;
  // Before: so many rows at the front of the output's storage are needed no
  // more, and `keep` rows behind them move to the front.
  int64_t drop = 0, keep = 0;
};

struct RowPlan {
  std::vector<RowStep> steps;
  // Of each map: which storage it is in; of each storage: its rows. Storage 0
  // is the input, which is there; a map that is kept has all of its rows.
  std::vector<int> storage;
  std::vector<int64_t> storage_rows;
};

// input_rows: of map 0; band: how many of them go through at a time, > 0.
RowPlan PlanRows(absl::Span<const RowLayer> layers, int64_t input_rows,
                 int64_t band);

}  // namespace fcis::model

#endif  // FCIS_MODEL_ROW_PLAN_H_
