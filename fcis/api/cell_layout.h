// Records of an evaluation sorted into cells, one for each class and picture.
#ifndef FCIS_API_CELL_LAYOUT_H_
#define FCIS_API_CELL_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "fcis/core/base/large_vector.h"

namespace fcis::api {

// Cell c has the records order[first[c]] to order[first[c + 1] - 1].
struct CellLayout {
  LargeVector<int64_t> first;  // by cell, and the end
  LargeVector<int64_t> order;

  size_t size() const { return order.size(); }
  size_t Begin(size_t cell) const { return static_cast<size_t>(first[cell]); }
  size_t Size(size_t cell) const {
    return static_cast<size_t>(first[cell + 1] - first[cell]);
  }
};

// Records in their own order within a cell. Each of `cells` is in
// [0, num_cells).
CellLayout GroupByCell(absl::Span<const int64_t> cells, size_t num_cells);

// In each cell by descending score, of equal ones the first of the layout; NaN
// goes last. At most `most` of each are kept.
void SortByScore(absl::Span<const double> scores, size_t most,
                 CellLayout* layout);

}  // namespace fcis::api

#endif  // FCIS_API_CELL_LAYOUT_H_
