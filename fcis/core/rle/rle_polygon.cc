#include "fcis/core/rle/rle_polygon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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

// y_fine is the upper one of the two fine points.
Crossing CrossingAt(const Picture& picture, int64_t column, int y_fine) {
  // ceil((y_fine + .5) / 5 - .5)
  const int64_t row =
      y_fine <= kMiddle ? 0 : (int64_t{y_fine} - kMiddle + kScale - 1) / kScale;
  return {static_cast<uint32_t>(column),
          static_cast<uint32_t>(std::min(row, picture.height))};
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

// An edge with one point per fine column, from left to right.
void CrossFlat(const Picture& picture, const FinePoint& a, const FinePoint& b,
               std::vector<Crossing>& crossings) {
  const double slope = static_cast<double>(int64_t{b.y} - a.y) /
                       static_cast<double>(int64_t{b.x} - a.x);
  const auto y_at = [&](int64_t x) {
    return static_cast<int>(a.y + slope * static_cast<double>(x - a.x) + .5);
  };
  const ColumnRange columns = Columns(picture, a.x, b.x);
  for (int64_t x = columns.begin; x < columns.end; ++x) {
    const int64_t fine = x * kScale + kMiddle;
    crossings.push_back(
        CrossingAt(picture, x, std::min(y_at(fine), y_at(fine + 1))));
  }
}

// An edge with one point per fine row, from top to bottom. `reverse`: the walk
// went upwards; the fine column it came to tells which change it was.
void CrossSteep(const Picture& picture, const FinePoint& a, const FinePoint& b,
                bool reverse, std::vector<Crossing>& crossings) {
  const int64_t steps = int64_t{b.y} - a.y;
  const double slope =
      static_cast<double>(int64_t{b.x} - a.x) / static_cast<double>(steps);
  if (slope == 0) return;
  const auto x_at = [&](int64_t step) {
    return static_cast<int>(a.x + slope * static_cast<double>(step) + .5);
  };
  const int64_t x_first = x_at(0), x_last = x_at(steps);
  const ColumnRange columns =
      Columns(picture, std::min(x_first, x_last), std::max(x_first, x_last));
  for (int64_t x = columns.begin; x < columns.end; ++x) {
    const int64_t right = x * kScale + kMiddle + 1;
    const auto crossed = [&](int64_t step) {
      return (x_at(step) >= right) == (slope > 0);
    };
    // x_at is monotonic: from a guess to the first step that has crossed.
    int64_t step =
        static_cast<int64_t>((static_cast<double>(right) - .5 - a.x) / slope);
    step = std::min(std::max<int64_t>(step, 1), steps);
    while (step > 1 && crossed(step - 1)) --step;
    while (!crossed(step)) ++step;
    // Far out, rounding may skip a fine column; the walk then saw another one.
    const int64_t from = x_at(reverse ? step : step - 1);
    const int64_t to = x_at(reverse ? step - 1 : step);
    if ((to < from ? to : to - 1) != right - 1) continue;
    crossings.push_back(
        CrossingAt(picture, x, static_cast<int>(a.y + step - 1)));
  }
}

void CrossEdge(const Picture& picture, FinePoint a, FinePoint b,
               std::vector<Crossing>& crossings) {
  const int64_t dx = std::abs(int64_t{b.x} - a.x);
  const int64_t dy = std::abs(int64_t{b.y} - a.y);
  if (dx == 0) return;  // no change of column
  const bool flat = dx >= dy;
  const bool reverse = flat ? a.x > b.x : a.y > b.y;
  if (reverse) std::swap(a, b);
  if (flat) {
    CrossFlat(picture, a, b, crossings);
  } else {
    CrossSteep(picture, a, b, reverse, crossings);
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
    std::sort(pixels.begin() + begin, pixels.begin() + next[i]);
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
  std::vector<Crossing> crossings;
  crossings.reserve(static_cast<size_t>(most));
  for (size_t i = 1; i < vertices.size(); ++i) {
    CrossEdge(picture, vertices[i - 1], vertices[i], crossings);
  }
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
        absl::StrCat("segmentation: ", parts.empty() ? 0 : parts[0].size(),
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
