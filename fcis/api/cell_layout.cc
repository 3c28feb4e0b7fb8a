#include "fcis/api/cell_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fcis/core/base/parallel.h"

namespace fcis::api {
namespace {

constexpr int64_t kGrain = 512;  // cells, most of which are empty

// NumPy's order of -score.
bool Before(double a, double b) {
  return a > b || (std::isnan(b) && !std::isnan(a));
}

}  // namespace

CellLayout GroupByCell(absl::Span<const int64_t> cells, size_t num_cells) {
  CellLayout layout;
  // One further: first[c + 1] grows from the beginning of cell c to its end.
  layout.first.assign(num_cells + 2, 0);
  for (const int64_t cell : cells)
    ++layout.first[static_cast<size_t>(cell) + 2];
  std::partial_sum(layout.first.begin(), layout.first.end(),
                   layout.first.begin());
  layout.order.resize(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    int64_t& place = layout.first[static_cast<size_t>(cells[i]) + 1];
    layout.order[static_cast<size_t>(place++)] = static_cast<int64_t>(i);
  }
  layout.first.pop_back();
  return layout;
}

void SortByScore(absl::Span<const double> scores, size_t most,
                 CellLayout* layout) {
  const size_t num_cells = layout->first.size() - 1;
  const auto before = [&](int64_t a, int64_t b) {
    return Before(scores[static_cast<size_t>(a)],
                  scores[static_cast<size_t>(b)]);
  };
  ParallelForEach(num_cells, kGrain, [&](size_t cell) {
    const auto from = layout->order.begin() + layout->first[cell];
    const auto to = layout->order.begin() + layout->first[cell + 1];
    // As they come from most detectors.
    if (std::is_sorted(from, to, before)) return;
    std::stable_sort(from, to, before);
  });
  size_t kept = 0;
  for (size_t cell = 0; cell < num_cells; ++cell) {
    const size_t from = layout->Begin(cell);
    const size_t count = std::min(layout->Size(cell), most);
    layout->first[cell] = static_cast<int64_t>(kept);
    for (size_t i = 0; i < count; ++i) {
      layout->order[kept++] = layout->order[from + i];
    }
  }
  layout->first[num_cells] = static_cast<int64_t>(kept);
  layout->order.resize(kept);
}

}  // namespace fcis::api
