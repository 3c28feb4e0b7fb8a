#include "fcis/core/rle/rle_polygon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/status_macros.h"

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

struct FinePoint {
  int x, y;
};

struct Picture {
  int64_t height, width;
};

// No polygon of a data set comes near it; it bounds the memory.
constexpr int64_t kMaxCrossings = int64_t{1} << 28;

absl::StatusOr<std::vector<FinePoint>> ToFine(absl::Span<const double> xy) {
  std::vector<FinePoint> points(xy.size() / 2);
  for (size_t i = 0; i < 2 * points.size(); ++i) {
    const double fine = kScale * xy[i] + .5;
    if (!(fine > std::numeric_limits<int>::min() &&
          fine < std::numeric_limits<int>::max())) {
      return absl::InvalidArgumentError(
          absl::StrCat("polygon: coordinate ", i, " is ", xy[i],
                       ", expected a finite number within +-429496729"));
    }
    // Towards zero, also where that is not the nearest.
    (i % 2 == 0 ? points[i / 2].x : points[i / 2].y) = static_cast<int>(fine);
  }
  return points;
}

// The boundary crosses the middle of a pixel column above pixel `row`.
struct Crossing {
  uint32_t column, row;
};

// The row for the upper one of the two fine points:
// ceil((y_fine + .5) / 5 - .5), within the picture.
inline uint32_t RowOf(int y_fine, uint32_t height) {
  const auto y = static_cast<uint32_t>(std::max(y_fine, kMiddle));
  return std::min((y - kMiddle + kScale - 1) / kScale, height);
}

// The pixel columns whose fine columns kMiddle and kMiddle + 1 lie within
// [first, last] and in the picture: [begin, end).
struct ColumnRange {
  int64_t begin, end;
};
ColumnRange Columns(const Picture& picture, int64_t first, int64_t last) {
  const int64_t begin =
      first <= kMiddle ? 0 : (first - kMiddle + kScale - 1) / kScale;
  const int64_t end = last <= kMiddle ? 0 : (last - kMiddle - 1) / kScale + 1;
  return {begin, std::min(end, picture.width)};
}

// The crossings of an edge with one point per fine column, from left to right,
// in columns [begin, begin + n).
FCIS_MULTIVERSION void CrossFlatColumns(double x0, double y0, double slope,
                                        uint32_t height, int64_t begin,
                                        int64_t n, Crossing* crossings) {
  for (int64_t i = 0; i < n; ++i) {
    const auto column = static_cast<int32_t>(begin + i);
    const double step = static_cast<double>(column) * kScale + kMiddle - x0;
    const int left = static_cast<int>(y0 + slope * step + .5);
    const int right = static_cast<int>(y0 + slope * (step + 1) + .5);
    crossings[i] = {static_cast<uint32_t>(column),
                    RowOf(std::min(left, right), height)};
  }
}

Crossing* CrossFlat(const Picture& picture, const FinePoint& a,
                    const FinePoint& b, Crossing* out) {
  const ColumnRange columns = Columns(picture, a.x, b.x);
  if (columns.begin >= columns.end) return out;
  const double slope = static_cast<double>(int64_t{b.y} - a.y) /
                       static_cast<double>(int64_t{b.x} - a.x);
  const int64_t n = columns.end - columns.begin;
  CrossFlatColumns(a.x, a.y, slope, static_cast<uint32_t>(picture.height),
                   columns.begin, n, out);
  return out + n;
}

// An edge with one point per fine row, from top to bottom. `reverse`: the walk
// went upwards; the fine column it came to tells which change it was.
Crossing* CrossSteep(const Picture& picture, const FinePoint& a,
                     const FinePoint& b, bool reverse, Crossing* out) {
  // Rounding moves a point by one fine column at most.
  const ColumnRange near = Columns(picture, int64_t{std::min(a.x, b.x)} - 1,
                                   int64_t{std::max(a.x, b.x)} + 1);
  if (near.begin >= near.end) return out;
  const int64_t steps = int64_t{b.y} - a.y;
  const auto dx = static_cast<double>(int64_t{b.x} - a.x);
  const double slope = dx / static_cast<double>(steps);
  if (slope == 0) return out;
  const auto x_at = [&](int64_t step) {
    return static_cast<int>(a.x + slope * static_cast<double>(step) + .5);
  };
  const int64_t x_first = x_at(0), x_last = x_at(steps);
  const ColumnRange columns =
      Columns(picture, std::min(x_first, x_last), std::max(x_first, x_last));
  const double steps_per_column = static_cast<double>(steps) / dx;
  for (int64_t x = columns.begin; x < columns.end; ++x) {
    const int64_t right = x * kScale + kMiddle + 1;
    const auto crossed = [&](int64_t step) {
      return (x_at(step) >= right) == (slope > 0);
    };
    // x_at is monotonic: from a guess to the first step that has crossed.
    auto step = static_cast<int64_t>((static_cast<double>(right) - .5 - a.x) *
                                     steps_per_column);
    step = std::min(std::max<int64_t>(step, 1), steps);
    while (step > 1 && crossed(step - 1)) --step;
    while (!crossed(step)) ++step;
    // Far out, rounding may skip a fine column; the walk then saw another one.
    const int64_t from = x_at(reverse ? step : step - 1);
    const int64_t to = x_at(reverse ? step - 1 : step);
    if ((to < from ? to : to - 1) != right - 1) continue;
    *out++ = {static_cast<uint32_t>(x),
              RowOf(static_cast<int>(a.y + step - 1),
                    static_cast<uint32_t>(picture.height))};
  }
  return out;
}

// Writes the crossings of an edge; returns where the next may go.
Crossing* CrossEdge(const Picture& picture, FinePoint a, FinePoint b,
                    Crossing* out) {
  const int64_t dx = std::abs(int64_t{b.x} - a.x);
  const int64_t dy = std::abs(int64_t{b.y} - a.y);
  if (dx == 0) return out;  // no change of column
  const bool flat = dx >= dy;
  const bool reverse = flat ? a.x > b.x : a.y > b.y;
  if (reverse) std::swap(a, b);
  return flat ? CrossFlat(picture, a, b, out)
              : CrossSteep(picture, a, b, reverse, out);
}

// Columns seldom have more than a few crossings.
void SortColumn(uint32_t* begin, uint32_t* end) {
  constexpr int64_t kFew = 16;
  if (end - begin > kFew) {
    std::sort(begin, end);
    return;
  }
  for (uint32_t* i = begin + 1; i < end; ++i) {
    const uint32_t pixel = *i;
    uint32_t* at = i;
    for (; at != begin && at[-1] > pixel; --at) *at = at[-1];
    *at = pixel;
  }
}

// The numbers of the pixels, ascending: by column first, as a column seldom has
// more than a few.
std::vector<uint32_t> SortedPixels(const std::vector<Crossing>& crossings,
                                   uint32_t height) {
  std::vector<uint32_t> pixels(crossings.size());
  if (crossings.empty()) return pixels;
  const auto [first, last] = std::minmax_element(
      crossings.begin(), crossings.end(),
      [](const Crossing& a, const Crossing& b) { return a.column < b.column; });
  const size_t columns = last->column - first->column + size_t{1};
  if (columns > 8 * crossings.size()) {  // slivers, far apart
    std::transform(
        crossings.begin(), crossings.end(), pixels.begin(),
        [&](const Crossing& c) { return c.column * height + c.row; });
    std::sort(pixels.begin(), pixels.end());
    return pixels;
  }
  // Where the next pixel of a column goes; in the end, where the column ends.
  std::vector<size_t> next(columns + 1);
  for (const Crossing& c : crossings) ++next[c.column - first->column + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (const Crossing& c : crossings) {
    pixels[next[c.column - first->column]++] = c.column * height + c.row;
  }
  size_t begin = 0;
  for (size_t i = 0; i < columns; ++i) {
    SortColumn(pixels.data() + begin, pixels.data() + next[i]);
    begin = next[i];
  }
  return pixels;
}

// The mask toggles at each of the sorted positions, the last of which is the
// number of pixels. Toggling twice in one place joins the runs around.
std::vector<uint32_t> RunsBetween(const std::vector<uint32_t>& positions) {
  std::vector<uint32_t> counts;
  counts.reserve(positions.size());
  counts.push_back(positions[0]);
  for (size_t i = 1; i < positions.size(); ++i) {
    if (positions[i] > positions[i - 1]) {
      counts.push_back(positions[i] - positions[i - 1]);
    } else if (++i < positions.size()) {
      counts.back() += positions[i] - positions[i - 1];
    }
  }
  return counts;
}

}  // namespace

absl::StatusOr<Rle> PolygonToRle(absl::Span<const double> xy, int64_t height,
                                 int64_t width) {
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  const Picture picture{height, width};
  ASSIGN_OR_RETURN(std::vector<FinePoint> vertices, ToFine(xy));
  if (!vertices.empty()) vertices.push_back(vertices[0]);
  int64_t most = 1;
  for (size_t i = 1; i < vertices.size(); ++i) {
    const int64_t dx = std::abs(int64_t{vertices[i].x} - vertices[i - 1].x);
    most += std::min(dx / kScale + 1, width);
  }
  if (most > kMaxCrossings) {
    return absl::InvalidArgumentError(
        absl::StrCat("polygon of ", vertices.size() - 1, " vertices: crosses ",
                     most, " columns, expected at most ", kMaxCrossings));
  }
  std::vector<Crossing> crossings(static_cast<size_t>(most));
  Crossing* end = crossings.data();
  for (size_t i = 1; i < vertices.size(); ++i) {
    end = CrossEdge(picture, vertices[i - 1], vertices[i], end);
  }
  crossings.resize(static_cast<size_t>(end - crossings.data()));
  std::vector<uint32_t> toggles =
      SortedPixels(crossings, static_cast<uint32_t>(height));
  toggles.push_back(static_cast<uint32_t>(height * width));
  return Rle{static_cast<int>(height), static_cast<int>(width),
             RunsBetween(toggles)};
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
