#include "fcis/kernels/losses/ohem.h"

#include <algorithm>
#include <numeric>

namespace fcis {

std::vector<int> HardestRois(absl::Span<const double> losses, int n) {
  std::vector<int> order(losses.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return IsHarder(losses[a], a, losses[b], b); });
  if (order.size() > static_cast<size_t>(n)) order.resize(n);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace fcis
