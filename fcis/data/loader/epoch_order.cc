#include "fcis/data/loader/epoch_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/random_stream.h"

namespace fcis {
namespace {

// Fisher and Yates; the bias of the division is below 2^-32.
template <typename T>
void Shuffle(RandomStream& random, std::vector<T>& values) {
  for (size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.Bits() % i]);
  }
}

}  // namespace

EpochOrder::EpochOrder(int64_t size, uint64_t seed, int64_t group,
                       const std::function<bool(int64_t)>& is_portrait)
    : size_(size), seed_(seed), group_(is_portrait ? group : 1) {
  if (group_ <= 1) return;
  for (int64_t i = 0; i < size; ++i) {
    classes_[is_portrait(i) ? 1 : 0].push_back(static_cast<int32_t>(i));
  }
}

int64_t EpochOrder::IndexOf(int64_t n) const {
  return (*Find(n / size_))[static_cast<size_t>(n % size_)];
}

std::shared_ptr<const EpochOrder::Order> EpochOrder::Find(int64_t epoch) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = entries_[epoch % 2];
  if (entry.epoch != epoch) {
    entry.order = std::make_shared<const Order>(group_ > 1 ? MakeGrouped(epoch)
                                                           : Make(epoch));
    entry.epoch = epoch;
  }
  return entry.order;
}

EpochOrder::Order EpochOrder::Make(int64_t epoch) const {
  Order order(static_cast<size_t>(size_));
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(absl::StrCat("epoch ", epoch), seed_);
  Shuffle(random, order);
  return order;
}

// The iterations that lie within the epoch take one class each and come in
// random order; those that it shares with the epochs before and after are
// always of the larger class.
EpochOrder::Order EpochOrder::MakeGrouped(int64_t epoch) const {
  RandomStream random(absl::StrCat("epoch ", epoch), seed_);
  Order larger = classes_[0], smaller = classes_[1];
  if (larger.size() < smaller.size()) std::swap(larger, smaller);
  Shuffle(random, larger);
  Shuffle(random, smaller);
  // Takes from the back: from `first`, and what it lacks from `second`.
  const auto take = [](int64_t count, Order& first, Order& second) {
    Order taken;
    while (static_cast<int64_t>(taken.size()) < count) {
      Order& from = first.empty() ? second : first;
      taken.push_back(from.back());
      from.pop_back();
    }
    return taken;
  };
  const int64_t begun = (epoch % group_) * (size_ % group_) % group_;
  const int64_t head = std::min(size_, (group_ - begun) % group_);
  const int64_t tail = (size_ - head) % group_;
  Order order = take(head, larger, smaller);
  const Order last = take(tail, larger, smaller);
  std::vector<Order> whole;
  const auto group = static_cast<size_t>(group_);
  while (larger.size() >= group) whole.push_back(take(group_, larger, smaller));
  while (smaller.size() >= group) {
    whole.push_back(take(group_, smaller, larger));
  }
  if (!larger.empty() || !smaller.empty()) {
    whole.push_back(take(group_, larger, smaller));
  }
  Shuffle(random, whole);
  for (const Order& one : whole) {
    order.insert(order.end(), one.begin(), one.end());
  }
  order.insert(order.end(), last.begin(), last.end());
  return order;
}

}  // namespace fcis
