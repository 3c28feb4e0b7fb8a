#include "fcis/core/rle/rle_polygon.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/container/fixed_array.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"

// pycocotools draws the boundary on a grid five times as fine, one point per
// step of the longer axis of an edge, and keeps the points at which the fine
// column changes from 5x + 2 to 5x + 3 or back: there the boundary crosses the
// middle of pixel column x. Only those are computed here, each by the same
// floating-point expression, so the mask is the same (rle_polygon_test compares
// with the complete walk).
namespace fcis {
namespace {

constexpr int kScale = 5;
constexpr int kMiddle = 2;  // the fine column on the left of a pixel's middle

// Crossings of an edge are computed so many at a time.
constexpr uint32_t kLanes = 4;

// x0, y0, x1, y1, ... on the fine grid. False: one is beyond it.
FCIS_MULTIVERSION bool ToFine(absl::Span<const double> xy, int* fine) {
  int beyond = 0;
  for (size_t i = 0; i < xy.size(); ++i) {
    const double scaled = kScale * xy[i] + .5;
    const bool within = scaled > std::numeric_limits<int>::min() &&
                        scaled < std::numeric_limits<int>::max();
    beyond |= within ? 0 : 1;
    // Towards zero, also where that is not the nearest.
    fine[i] = static_cast<int>(within ? scaled : 0);
  }
  return beyond == 0;
}

absl::Status BeyondError(absl::Span<const double> xy) {
  size_t i = 0;
  for (int fine; ToFine(xy.subspan(i, 1), &fine);) ++i;
  return absl::InvalidArgumentError(
      absl::StrCat("polygon: coordinate ", i, " is ", xy[i],
                   ", expected a finite number within +-429496729"));
}

// An edge that crosses columns [begin, end) of the picture. A flat one has one
// point per fine column, from left to right, a steep one a point per fine row,
// from top to bottom.
struct Edge {
  int x, y;      // where it begins
  int64_t rows;  // of a steep one, to its end
  double slope;  // fine rows per column or, of a steep one, the inverse
  uint32_t begin, end;
  bool reverse;  // the walk went the other way
};

// Edges by kind, and what is known of all.
struct Edges {
  explicit Edges(size_t most) : flat(most + 1), steep(most + 1) {}
  absl::Span<const Edge> all_flat() const { return {flat.data(), num_flat}; }
  absl::Span<const Edge> all_steep() const { return {steep.data(), num_steep}; }

  static constexpr size_t kUsual = 64;
  absl::FixedArray<Edge, kUsual> flat, steep;
  size_t num_flat = 0, num_steep = 0;
  // Columns that are crossed lie in [first, end).
  uint32_t first = std::numeric_limits<uint32_t>::max(), end = 0;
  size_t crossings = 0;
};

// Pixel columns x with kScale * x + kMiddle + 1 <= fine.
inline int64_t ColumnsUntil(int64_t fine) {
  return fine <= kMiddle ? 0 : (fine - kMiddle - 1) / kScale + 1;
}

// Branches would go either way too often.
void AddEdge(int x0, int y0, int x1, int y1, int64_t width, Edges& edges) {
  const int64_t dx = int64_t{x1} - x0, dy = int64_t{y1} - y0;
  const bool flat = std::abs(dx) >= std::abs(dy);
  const bool reverse = (flat ? dx : dy) < 0;
  const int64_t end = std::min(ColumnsUntil(std::max(x0, x1)), width);
  const int64_t begin = std::min(ColumnsUntil(std::min(x0, x1)), end);
  Edge& edge = flat ? edges.flat.data()[edges.num_flat]
                    : edges.steep.data()[edges.num_steep];
  edge.x = reverse ? x1 : x0;
  edge.y = reverse ? y1 : y0;
  edge.rows = std::abs(dy);
  edge.slope =
      static_cast<double>(flat ? dy : dx) / static_cast<double>(flat ? dx : dy);
  edge.begin = static_cast<uint32_t>(begin);
  edge.end = static_cast<uint32_t>(end);
  edge.reverse = reverse;
  const bool crosses = begin < end;
  edges.num_flat += flat && crosses ? 1 : 0;
  edges.num_steep += !flat && crosses ? 1 : 0;
  edges.first = std::min(edges.first, edge.begin);
  edges.end = std::max(edges.end, edge.end);
  edges.crossings += static_cast<size_t>(end - begin);
}

// Crossing i: the boundary crosses the middle of pixel column columns[i] above
// pixel rows[i].
struct Crossings {
  explicit Crossings(size_t most) : columns(most), rows(most) {}
  static constexpr size_t kUsual = 1024;
  absl::FixedArray<uint32_t, kUsual> columns, rows;
  size_t size = 0;
};

// The row for the upper one of the two fine points:
// ceil((y_fine + .5) / 5 - .5), within the picture.
inline uint32_t RowOf(int y_fine, uint32_t height) {
  const auto y = static_cast<uint32_t>(std::max(y_fine, kMiddle));
  return std::min((y - kMiddle + kScale - 1) / kScale, height);
}

// Writes the crossings of flat edges; returns their number. The arrays have
// room for kLanes more.
FCIS_MULTIVERSION size_t CrossFlat(absl::Span<const Edge> edges,
                                   uint32_t height, uint32_t* columns,
                                   uint32_t* rows) {
  size_t size = 0;
  for (const Edge& edge : edges) {
    const double x = edge.x, y = edge.y, slope = edge.slope;
    const auto last = static_cast<int>(edge.end - 1);
    for (uint32_t at = edge.begin; at < edge.end; at += kLanes) {
      for (uint32_t i = 0; i < kLanes; ++i) {
        const int column = std::min(static_cast<int>(at + i), last);
        const double step = static_cast<double>(column) * kScale + kMiddle - x;
        const int left = static_cast<int>(y + slope * step + .5);
        const int right = static_cast<int>(y + slope * (step + 1) + .5);
        columns[size + i] = static_cast<uint32_t>(column);
        rows[size + i] = RowOf(std::min(left, right), height);
      }
      size += std::min(kLanes, edge.end - at);
    }
  }
  return size;
}

// The fine column of a steep edge's point.
template <typename Step>
inline int ColumnAt(const Edge& edge, Step step) {
  return static_cast<int>(edge.x + edge.slope * static_cast<double>(step) + .5);
}

// The crossings of a steep edge, wherever it is.
size_t CrossFarSteep(const Edge& edge, uint32_t height, uint32_t* columns,
                     uint32_t* rows) {
  size_t size = 0;
  for (uint32_t column = edge.begin; column < edge.end; ++column) {
    const int64_t right = int64_t{column} * kScale + kMiddle + 1;
    const auto crossed = [&](int64_t step) {
      return (ColumnAt(edge, step) >= right) == (edge.slope > 0);
    };
    // ColumnAt is monotonic: from a guess to the first step that has crossed.
    auto step = static_cast<int64_t>(
        (static_cast<double>(right) - .5 - edge.x) / edge.slope);
    step = std::min(std::max<int64_t>(step, 1), edge.rows);
    while (step > 1 && crossed(step - 1)) --step;
    while (!crossed(step)) ++step;
    // Rounding may skip a fine column; the walk then saw another one, and the
    // fine column it came to tells which change it was.
    const int64_t from = ColumnAt(edge, edge.reverse ? step : step - 1);
    const int64_t to = ColumnAt(edge, edge.reverse ? step - 1 : step);
    if ((to < from ? to : to - 1) != right - 1) continue;
    columns[size] = column;
    rows[size++] = RowOf(static_cast<int>(edge.y + step - 1), height);
  }
  return size;
}

// The same of one whose crossings are found near to the guess; false: some are
// not.
inline bool CrossSteep(const Edge& edge, uint32_t height, uint32_t* columns,
                       uint32_t* rows) {
  // Below it, numbers of steps and rows are ints.
  constexpr int64_t kFar = 1 << 29;
  if (edge.rows > kFar || std::abs(int64_t{edge.y}) > kFar) return false;
  const double steps_per_column = 1 / edge.slope;
  const int up = edge.slope > 0 ? 1 : 0;
  const auto steps = static_cast<int>(edge.rows);
  const auto last = static_cast<int>(edge.end - 1);
  int missed = 0;
  for (uint32_t at = edge.begin; at < edge.end; at += kLanes) {
    for (uint32_t i = 0; i < kLanes; ++i) {
      const int column = std::min(static_cast<int>(at + i), last);
      const int right = column * kScale + kMiddle + 1;
      const double offset = static_cast<double>(right) - .5 - edge.x;
      const int guess = std::min(
          std::max(static_cast<int>(offset * steps_per_column), 1), steps);
      const int crossed = (ColumnAt(edge, guess) >= right ? 1 : 0) ^ up ^ 1;
      const int before = (ColumnAt(edge, guess - 1) >= right ? 1 : 0) ^ up ^ 1;
      const int step = guess + 1 - crossed - before;
      missed |= (ColumnAt(edge, step - 1) ^ (right - up)) |
                (ColumnAt(edge, step) ^ (right - 1 + up));
      columns[i] = static_cast<uint32_t>(column);
      rows[i] = RowOf(edge.y + step - 1, height);
    }
    columns += kLanes;
    rows += kLanes;
  }
  return missed == 0;
}

FCIS_MULTIVERSION size_t CrossSteep(absl::Span<const Edge> edges,
                                    uint32_t height, uint32_t* columns,
                                    uint32_t* rows) {
  size_t size = 0;
  for (const Edge& edge : edges) {
    if (CrossSteep(edge, height, columns + size, rows + size)) {
      size += edge.end - edge.begin;
    } else {
      size += CrossFarSteep(edge, height, columns + size, rows + size);
    }
  }
  return size;
}

void Cross(const Edges& edges, uint32_t height, Crossings& crossings) {
  uint32_t* const columns = crossings.columns.data();
  uint32_t* const rows = crossings.rows.data();
  const size_t flat = CrossFlat(edges.all_flat(), height, columns, rows);
  crossings.size =
      flat + CrossSteep(edges.all_steep(), height, columns + flat, rows + flat);
}

// The pixels where the mask toggles, ascending. Toggling twice in one place is
// nothing.
class Toggles {
 public:
  explicit Toggles(size_t most) : pixels_(most + 1) {}

  void Add(uint32_t pixel) {
    uint32_t* const end = pixels_.data() + size_;
    const bool again = size_ > 0 && end[-1] == pixel;
    if (!again) *end = pixel;
    size_ += again ? -1 : 1;
  }

  // The runs between them, in a mask of so many pixels; nothing is added then.
  std::vector<uint32_t> Runs(uint32_t pixels) {
    uint32_t* const first = pixels_.data();
    if (size_ == 0 || first[size_ - 1] != pixels) first[size_++] = pixels;
    std::vector<uint32_t> runs(size_);
    std::adjacent_difference(first, first + size_, runs.begin());
    return runs;
  }

 private:
  absl::FixedArray<uint32_t, Crossings::kUsual> pixels_;
  size_t size_ = 0;
};

// Columns have few crossings, mostly two.
void SortFew(uint32_t* rows, uint32_t n) {
  for (uint32_t i = 1; i < n; ++i) {
    const uint32_t row = rows[i];
    uint32_t at = i;
    for (; at > 0 && rows[at - 1] > row; --at) rows[at] = rows[at - 1];
    rows[at] = row;
  }
}

// Column by column, if no column has many crossings; else false.
bool AddByColumn(const Crossings& crossings, uint32_t first, size_t columns,
                 uint32_t height, Toggles& toggles) {
  constexpr size_t kFew = 8, kUsualColumns = 512;
  absl::FixedArray<uint32_t, kFew * kUsualColumns> rows(kFew * columns);
  absl::FixedArray<uint32_t, kUsualColumns> sizes(columns, 0);
  uint32_t *const all = rows.data(), *const size_of = sizes.data();
  for (size_t i = 0, end = crossings.size; i < end; ++i) {
    const size_t column = crossings.columns.data()[i] - first;
    if (size_of[column] == kFew) return false;
    all[kFew * column + size_of[column]++] = crossings.rows.data()[i];
  }
  for (size_t column = 0; column < columns; ++column) {
    const uint32_t top = (first + static_cast<uint32_t>(column)) * height;
    uint32_t* const here = all + kFew * column;
    if (size_of[column] == 2) {
      toggles.Add(top + std::min(here[0], here[1]));
      toggles.Add(top + std::max(here[0], here[1]));
      continue;
    }
    SortFew(here, size_of[column]);
    for (uint32_t i = 0; i < size_of[column]; ++i) toggles.Add(top + here[i]);
  }
  return true;
}

void AddSorted(const Crossings& crossings, uint32_t height, Toggles& toggles) {
  std::vector<uint32_t> pixels(crossings.size);
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = crossings.columns[i] * height + crossings.rows[i];
  }
  std::sort(pixels.begin(), pixels.end());
  for (const uint32_t pixel : pixels) toggles.Add(pixel);
}

}  // namespace

absl::StatusOr<Rle> PolygonToRle(absl::Span<const double> xy, int64_t height,
                                 int64_t width) {
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  const size_t vertices = xy.size() / 2;
  absl::FixedArray<int, 256> fine(2 * vertices + 2);
  xy = xy.first(2 * vertices);
  if (!ToFine(xy, fine.data())) return BeyondError(xy);
  Edges edges(vertices);
  if (vertices > 0) {
    fine[2 * vertices] = fine[0];
    fine[2 * vertices + 1] = fine[1];
  }
  int64_t most = 1;
  for (size_t i = 0; i < vertices; ++i) {
    const int* const ends = fine.data() + 2 * i;
    most += std::min(std::abs(int64_t{ends[2]} - ends[0]) / kScale + 1, width);
    AddEdge(ends[0], ends[1], ends[2], ends[3], width, edges);
  }
  if (most > kMaxPolygonCrossings) {
    return absl::InvalidArgumentError(
        absl::StrCat("polygon of ", vertices, " vertices: crosses ", most,
                     " columns, expected at most ", kMaxPolygonCrossings));
  }
  const auto rows = static_cast<uint32_t>(height);
  Crossings crossings(edges.crossings + kLanes);
  Cross(edges, rows, crossings);
  Toggles toggles(crossings.size);
  const size_t columns = edges.end > edges.first ? edges.end - edges.first : 0;
  // Else slivers, far apart, or very many.
  const bool dense = columns <= std::min(2 * crossings.size, size_t{1} << 20);
  if (!dense || !AddByColumn(crossings, edges.first, columns, rows, toggles)) {
    AddSorted(crossings, rows, toggles);
  }
  return Rle{static_cast<int>(height), static_cast<int>(width),
             toggles.Runs(static_cast<uint32_t>(height * width))};
}

absl::StatusOr<std::vector<Rle>> PolygonsToRles(
    absl::Span<const std::vector<double>> parts, int64_t height,
    int64_t width) {
  if (parts.empty() || parts[0].size() <= 4) {
    return absl::InvalidArgumentError(
        absl::StrCat(parts.empty() ? 0 : parts[0].size(),
                     " numbers in the first polygon, expected more than 4"));
  }
  std::vector<Rle> rles;
  rles.reserve(parts.size());
  for (const std::vector<double>& part : parts) {
    ASSIGN_OR_RETURN(Rle rle, PolygonToRle(part, height, width));
    rles.push_back(std::move(rle));
  }
  return rles;
}

absl::StatusOr<Rle> BoxToRle(const XywhBox& box, int64_t height,
                             int64_t width) {
  const double x1 = box.x + box.width, y1 = box.y + box.height;
  const double corners[] = {box.x, box.y, box.x, y1, x1, y1, x1, box.y};
  return PolygonToRle(corners, height, width);
}

}  // namespace fcis
