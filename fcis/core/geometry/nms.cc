#include "fcis/core/geometry/nms.h"

#include <algorithm>

#include "fcis/core/base/multiversion.h"

namespace fcis {
namespace {

// Kept boxes as columns, so that one candidate meets many of them at once.
struct Columns {
  explicit Columns(size_t capacity)
      : x0(capacity), y0(capacity), x1(capacity), y1(capacity) {}
  void Push(const Box& b) {
    x0[size] = b.x0;
    y0[size] = b.y0;
    x1[size] = b.x1;
    y1[size] = b.y1;
    ++size;
  }
  RecycledVector<float> x0, y0, x1, y1;
  int size = 0;
};

// Whether a box has IoU >= thresh with any of n others. Blocks are long enough
// to vectorise and short enough to leave early.
FCIS_MULTIVERSION
bool Suppressed(const Box& box, const float* x0, const float* y0,
                const float* x1, const float* y1, int n, float thresh) {
  constexpr int kBlock = 32;
  int i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    int hits = 0;
    for (int j = i; j < i + kBlock; ++j) {
      hits |= IoU(box, Box{x0[j], y0[j], x1[j], y1[j]}) >= thresh;
    }
    if (hits) return true;
  }
  for (; i < n; ++i) {
    if (IoU(box, Box{x0[i], y0[i], x1[i], y1[i]}) >= thresh) return true;
  }
  return false;
}

}  // namespace

RecycledVector<int> Nms(absl::Span<const Box> boxes,
                        absl::Span<const int> order, float thresh, int limit) {
  const size_t most = limit < 0
                          ? order.size()
                          : std::min(order.size(), static_cast<size_t>(limit));
  Columns kept(most);
  RecycledVector<int> result;
  result.reserve(most);
  for (const int i : order) {
    if (result.size() == most) break;
    if (Suppressed(boxes[i], kept.x0.data(), kept.y0.data(), kept.x1.data(),
                   kept.y1.data(), kept.size, thresh)) {
      continue;
    }
    kept.Push(boxes[i]);
    result.push_back(i);
  }
  return result;
}

}  // namespace fcis
