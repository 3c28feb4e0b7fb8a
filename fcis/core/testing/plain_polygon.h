// The oracle of rle_polygon: draws a polygon point by point.
#ifndef FCIS_CORE_TESTING_PLAIN_POLYGON_H_
#define FCIS_CORE_TESTING_PLAIN_POLYGON_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace fcis {

// Every point of the walk along the boundary on the fine grid, as pycocotools
// defines it.
inline std::vector<std::pair<int, int>> WalkBoundary(
    const std::vector<double>& xy) {
  std::vector<int> x, y;
  for (size_t i = 0; i + 1 < xy.size(); i += 2) {
    x.push_back(static_cast<int>(5 * xy[i] + .5));
    y.push_back(static_cast<int>(5 * xy[i + 1] + .5));
  }
  std::vector<std::pair<int, int>> points;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t next = (i + 1) % x.size();
    int xs = x[i], xe = x[next], ys = y[i], ye = y[next];
    const int dx = std::abs(xe - xs), dy = std::abs(ye - ys);
    if (dx == 0 && dy == 0) {
      points.emplace_back(xs, ys);  // 0 / 0 there; no change of column here
      continue;
    }
    const bool flip = dx >= dy ? xs > xe : ys > ye;
    if (flip) {
      std::swap(xs, xe);
      std::swap(ys, ye);
    }
    const double slope = dx >= dy ? static_cast<double>(ye - ys) / dx
                                  : static_cast<double>(xe - xs) / dy;
    const int steps = std::max(dx, dy);
    for (int d = 0; d <= steps; ++d) {
      const int t = flip ? steps - d : d;
      if (dx >= dy) {
        points.emplace_back(t + xs, static_cast<int>(ys + slope * t + .5));
      } else {
        points.emplace_back(static_cast<int>(xs + slope * t + .5), t + ys);
      }
    }
  }
  return points;
}

// The runs of the mask. Five times a coordinate must stay far below 2^31.
inline std::vector<uint32_t> PlainPolygon(const std::vector<double>& xy,
                                          int height, int width) {
  const std::vector<std::pair<int, int>> points = WalkBoundary(xy);
  std::vector<uint32_t> at;
  for (size_t j = 1; j < points.size(); ++j) {
    const auto [u, v] = points[j];
    const auto [u0, v0] = points[j - 1];
    if (u == u0) continue;
    const double x = ((u < u0 ? u : u - 1) + .5) / 5 - .5;
    if (std::floor(x) != x || x < 0 || x > width - 1) continue;
    double y = (std::min(v, v0) + .5) / 5 - .5;
    y = std::ceil(std::min(std::max(y, 0.0), static_cast<double>(height)));
    at.push_back(static_cast<uint32_t>(x) * static_cast<uint32_t>(height) +
                 static_cast<uint32_t>(y));
  }
  std::sort(at.begin(), at.end());
  at.push_back(static_cast<uint32_t>(height) * static_cast<uint32_t>(width));
  // Differences; a difference of 0 joins its neighbours.
  std::vector<uint32_t> counts = {at[0]};
  for (size_t j = 1; j < at.size(); ++j) {
    if (at[j] != at[j - 1]) {
      counts.push_back(at[j] - at[j - 1]);
    } else if (++j < at.size()) {
      counts.back() += at[j] - at[j - 1];
    }
  }
  return counts;
}

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_PLAIN_POLYGON_H_
