#include "fcis/core/rle/rle_to_polygons.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "fcis/core/rle/rle_runs.h"

// A column's foreground begins and ends at unit edges: toggle 2i is above a run
// of pixels, toggle 2i + 1 below it. Along the vertical line between two
// columns the pixels on its two sides differ between the first and the second
// of the toggles' ends that lie on it, between the third and the fourth and so
// on: so each end is joined to its neighbour, and the boundary is closed.
namespace fcis {
namespace {

// Of toggle t: 2t is the left end, 2t + 1 the right one.
using End = size_t;

class Boundary {
 public:
  explicit Boundary(const Rle& rle) {
    ForEachColumnRun(
        rle, [&](uint32_t x, uint32_t y0, uint32_t y1) { AddRun(x, y0, y1); });
    partner_.resize(2 * toggles_.size());
    JoinEnds();
  }

  std::vector<std::vector<double>> Polygons() {
    JoinHoles();
    std::vector<std::vector<double>> polygons;
    std::vector<bool> seen(toggles_.size());
    for (size_t t = 0; t < toggles_.size(); t += 2) {
      if (seen[t]) continue;
      std::vector<double>& polygon = polygons.emplace_back();
      Walk(2 * t, [&](End in, End out) {
        seen[out / 2] = true;
        // Else straight on.
        if (Y(in) == Y(out)) return;
        for (const End end : {out, in}) {
          polygon.push_back(X(end));
          polygon.push_back(Y(end));
        }
      });
    }
    return polygons;
  }

 private:
  struct Toggle {
    uint32_t x, y;
  };

  // Toggles [begin, end), of one column.
  struct Column {
    size_t begin = 0, end = 0;
  };

  uint32_t X(End end) const {
    return toggles_[end / 2].x + static_cast<uint32_t>(end % 2);
  }
  uint32_t Y(End end) const { return toggles_[end / 2].y; }

  void AddRun(uint32_t x, uint32_t y0, uint32_t y1) {
    if (!toggles_.empty() && toggles_.back().x == x &&
        toggles_.back().y == y0) {
      toggles_.back().y = y1;  // an empty run of background was between
      return;
    }
    toggles_.push_back({x, y0});
    toggles_.push_back({x, y1});
  }

  void JoinEnds() {
    Column last;
    for (size_t t = 0; t < toggles_.size();) {
      Column column{t, t};
      const uint32_t x = toggles_[t].x;
      while (t < toggles_.size() && toggles_[t].x == x) column.end = ++t;
      if (last.end > 0 && toggles_[last.begin].x + 1 == x) {
        JoinAlongLine(last, column);
      } else {
        JoinAlongLine(last, {});
        JoinAlongLine({}, column);
      }
      last = column;
    }
    JoinAlongLine(last, {});
  }

  // At a corner of four pixels, two of them foreground and diagonal, the toggle
  // below the upper one comes first: the two pixels are not connected.
  void JoinAlongLine(Column left, Column right) {
    std::optional<End> open;
    while (left.begin < left.end || right.begin < right.end) {
      const uint32_t later = left.begin % 2 == 1 ? 0 : 1;
      const bool from_left =
          right.begin == right.end ||
          (left.begin < left.end &&
           toggles_[left.begin].y + later <= toggles_[right.begin].y);
      const End end = from_left ? 2 * left.begin++ + 1 : 2 * right.begin++;
      if (open.has_value()) {
        Join(*open, end);
        open.reset();
      } else {
        open = end;
      }
    }
  }

  void Join(End a, End b) {
    partner_[a] = b;
    partner_[b] = a;
  }

  // Calls visit(in, out) wherever the walk leaves a toggle by `out` and goes on
  // at `in`, around the ring of `start`, where it enters first.
  template <typename Visit>
  void Walk(End start, const Visit& visit) const {
    End in = start;
    do {
      const End out = in ^ 1;
      in = partner_[out];
      visit(in, out);
    } while (in != start);
  }

  // The first toggle of a ring, by column and row, is above pixels of the part
  // that the ring surrounds, or below pixels of the part that has the ring as a
  // hole. The toggle above those pixels is of an earlier ring, so both become
  // one.
  void JoinHoles() {
    std::vector<size_t> holes;
    std::vector<bool> seen(toggles_.size());
    for (size_t t = 0; t < toggles_.size(); ++t) {
      if (seen[t]) continue;
      if (t % 2 == 1) holes.push_back(t);
      Walk(2 * t, [&](End, End out) { seen[out / 2] = true; });
    }
    for (const size_t below : holes) {
      const End hole = 2 * below, around = 2 * (below - 1);
      const End a = partner_[hole], b = partner_[around];
      Join(hole, around);
      Join(a, b);
    }
  }

  std::vector<Toggle> toggles_;  // by column, then row
  std::vector<End> partner_;
};

}  // namespace

std::vector<std::vector<double>> RleToPolygons(const Rle& rle) {
  return Boundary(rle).Polygons();
}

}  // namespace fcis
