#include "fcis/data/convert/shapes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "fcis/data/codec/orientation.h"

namespace fcis::data {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The part where inside(x, y) >= 0, which is linear.
template <typename Inside>
Polygon Cut(const Polygon& polygon, const Inside& inside) {
  Polygon kept;
  const size_t n = polygon.size() / 2;
  for (size_t i = 0; i < n; ++i) {
    const size_t j = (i + 1) % n;
    const double x0 = polygon[2 * i], y0 = polygon[2 * i + 1];
    const double x1 = polygon[2 * j], y1 = polygon[2 * j + 1];
    const double a = inside(x0, y0), b = inside(x1, y1);
    if (a >= 0) kept.insert(kept.end(), {x0, y0});
    if ((a >= 0) == (b >= 0)) continue;
    const double t = a / (a - b);
    kept.insert(kept.end(), {x0 + t * (x1 - x0), y0 + t * (y1 - y0)});
  }
  return kept;
}

// Vertices of the closest pair, where their numbers begin, one of what is
// joined already and one of a part.
struct Pair {
  size_t a = 0, b = 0;
  double distance = std::numeric_limits<double>::infinity();  // squared
};

struct Part {
  const Polygon* polygon;
  Pair closest;
};

// Looks whether one of the vertices [begin, end) of `whole` is closer to the
// part. Of pairs that are as close the first one stays.
void Compare(const Polygon& whole, size_t begin, size_t end, Part& part) {
  const Polygon& polygon = *part.polygon;
  Pair& best = part.closest;
  for (size_t i = begin; i + 1 < end; i += 2) {
    for (size_t j = 0; j + 1 < polygon.size(); j += 2) {
      const double dx = whole[i] - polygon[j];
      const double dy = whole[i + 1] - polygon[j + 1];
      const double distance = dx * dx + dy * dy;
      if (distance < best.distance ||
          (distance == best.distance && i < best.a)) {
        best = {i, j, distance};
      }
    }
  }
}

// `whole` up to the pair, once around `part`, back, and on.
Polygon Bridged(const Polygon& whole, const Polygon& part, const Pair& pair) {
  const auto at = whole.begin() + static_cast<std::ptrdiff_t>(pair.a);
  const auto from = part.begin() + static_cast<std::ptrdiff_t>(pair.b);
  Polygon joined(whole.begin(), at + 2);
  joined.insert(joined.end(), from, part.end());
  joined.insert(joined.end(), part.begin(), from + 2);
  joined.insert(joined.end(), at, whole.end());
  return joined;
}

}  // namespace

Polygon RectanglePolygon(double x0, double y0, double x1, double y1) {
  return {x0, y0, x1, y0, x1, y1, x0, y1};
}

Polygon EllipsePolygon(double x, double y, double rx, double ry) {
  constexpr double kOff = .1;
  constexpr int kLeast = 12, kMost = 1000;
  const double radius = std::max(std::max(rx, ry), kOff);
  // An arc of angle a is r * (1 - cos(a / 2)) from its chord.
  const double n = kPi / std::acos(std::max(0.0, 1 - kOff / radius));
  const int vertices =
      static_cast<int>(std::clamp(std::ceil(n), 1.0 * kLeast, 1.0 * kMost));
  Polygon polygon;
  for (int i = 0; i < vertices; ++i) {
    const double angle = 2 * kPi * i / vertices;
    polygon.insert(polygon.end(),
                   {x + rx * std::cos(angle), y + ry * std::sin(angle)});
  }
  return polygon;
}

Polygon Rotated(const Polygon& polygon, double degrees, double x, double y) {
  const double c = std::cos(degrees * kPi / 180);
  const double s = std::sin(degrees * kPi / 180);
  Polygon turned;
  for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
    const double dx = polygon[i] - x, dy = polygon[i + 1] - y;
    turned.insert(turned.end(), {x + c * dx - s * dy, y + s * dx + c * dy});
  }
  return turned;
}

Polygon ClipToPicture(const Polygon& polygon, int height, int width) {
  Polygon kept = Cut(polygon, [](double x, double) { return x; });
  kept = Cut(kept, [&](double x, double) { return width - x; });
  kept = Cut(kept, [](double, double y) { return y; });
  return Cut(kept, [&](double, double y) { return height - y; });
}

double SignedArea(const Polygon& polygon) {
  double sum = 0;
  const size_t n = polygon.size() / 2;
  for (size_t i = 0; i < n; ++i) {
    const size_t j = (i + 1) % n;
    sum += polygon[2 * i] * polygon[2 * j + 1] -
           polygon[2 * j] * polygon[2 * i + 1];
  }
  return sum / 2;
}

Polygon Joined(const std::vector<Polygon>& parts) {
  if (parts.empty()) return {};
  Polygon whole = parts[0];
  std::vector<Part> left;
  for (size_t i = 1; i < parts.size(); ++i) {
    left.push_back({&parts[i], {}});
    Compare(whole, 0, whole.size(), left.back());
  }
  while (!left.empty()) {
    const auto next = std::min_element(
        left.begin(), left.end(), [](const Part& a, const Part& b) {
          return a.closest.distance < b.closest.distance;
        });
    const Part part = *next;
    left.erase(next);
    if (part.polygon->empty()) continue;
    const size_t before = whole.size(), at = part.closest.a + 2;
    whole = Bridged(whole, *part.polygon, part.closest);
    for (Part& other : left) {
      if (other.closest.a >= at) other.closest.a += whole.size() - before;
      Compare(whole, at, at + part.polygon->size(), other);
    }
  }
  return whole;
}

void TurnVertices(int orientation, int height, int width, Polygon& polygon) {
  const Turn turn = TurnOf(orientation);
  for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
    double& x = polygon[i];
    double& y = polygon[i + 1];
    if (turn.from_right) x = width - x;
    if (turn.from_bottom) y = height - y;
    if (turn.transposed) std::swap(x, y);
  }
}

}  // namespace fcis::data
