#include "fcis/eval/arrays/cell_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fcis/core/base/parallel.h"

namespace fcis::eval {
namespace {

constexpr int64_t kGrain = 512;  // cells, most of which are empty

// NumPy's order of -score.
bool Before(double a, double b) {
  return a > b || (std::isnan(b) && !std::isnan(a));
}

}  // namespace

CellLayout GroupByCell(absl::Span<const int64_t> cells, size_t num_cells) {
  CellLayout layout;
  layout.first.assign(num_cells + 1, 0);
  for (const int64_t cell : cells)
    ++layout.first[static_cast<size_t>(cell) + 1];
  std::partial_sum(layout.first.begin(), layout.first.end(),
                   layout.first.begin());
  layout.order.resize(cells.size());
  std::vector<int64_t> next(layout.first.begin(), layout.first.end() - 1);
  for (size_t i = 0; i < cells.size(); ++i) {
    int64_t& place = next[static_cast<size_t>(cells[i])];
    layout.order[static_cast<size_t>(place++)] = static_cast<int64_t>(i);
  }
  return layout;
}

void SortByScore(absl::Span<const double> scores, size_t most,
                 CellLayout* layout) {
  const size_t num_cells = layout->first.size() - 1;
  ParallelFor(
      static_cast<int64_t>(num_cells), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
          const auto cell = static_cast<size_t>(c);
          const auto from = layout->order.begin() + layout->first[cell];
          const auto to = layout->order.begin() + layout->first[cell + 1];
          if (to - from < 2) continue;
          std::stable_sort(from, to, [&](int64_t a, int64_t b) {
            return Before(scores[static_cast<size_t>(a)],
                          scores[static_cast<size_t>(b)]);
          });
        }
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

}  // namespace fcis::eval
