#include "fcis/data/loader/epoch_order.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

namespace fcis::data {
namespace {

// Fisher and Yates; the bias of the division is below 2^-32.
template <typename T>
void Shuffle(RandomStream& random, std::vector<T>& values) {
  for (size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.Bits() % i]);
  }
}

}  // namespace

std::vector<double> RepeatFactors(const TrainingSet& set, double threshold) {
  if (threshold <= 0) return {};
  std::vector<std::set<int>> labels;
  std::map<int, int64_t> pictures;  // that have a label
  for (int64_t i = 0; i < set.size(); ++i) {
    const std::vector<int> of_picture = set.Labels(i);
    labels.emplace_back(of_picture.begin(), of_picture.end());
    for (const int label : labels.back()) ++pictures[label];
  }
  std::vector<double> factors;
  for (const std::set<int>& of_picture : labels) {
    double factor = 1;
    for (const int label : of_picture) {
      const double share = static_cast<double>(pictures[label]) /
                           static_cast<double>(set.size());
      factor = std::max(factor, std::sqrt(threshold / share));
    }
    factors.push_back(factor);
  }
  return factors;
}

int64_t EpochOrder::SizeOf(int64_t pictures,
                           const std::vector<double>& repeats) {
  if (repeats.empty()) return pictures;
  return static_cast<int64_t>(std::ceil(absl::c_accumulate(repeats, 0.0)));
}

EpochOrder::EpochOrder(int64_t size, uint64_t seed, int64_t group,
                       const std::function<bool(int64_t)>& is_portrait,
                       const std::vector<double>& repeats)
    : pictures_(size),
      seed_(seed),
      group_(is_portrait ? group : 1),
      repeats_(repeats),
      size_(SizeOf(size, repeats)) {
  // Stretched to a whole number: none is shown less often than asked.
  const double sum = absl::c_accumulate(repeats_, 0.0);
  for (double& repeat : repeats_) repeat *= static_cast<double>(size_) / sum;
  if (group_ <= 1) return;
  for (int64_t i = 0; i < size; ++i) is_portrait_.push_back(is_portrait(i));
}

int64_t EpochOrder::IndexOf(int64_t n) const {
  return (*Find(n / size_))[static_cast<size_t>(n % size_)];
}

std::shared_ptr<const EpochOrder::Order> EpochOrder::Find(int64_t epoch) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = entries_[epoch % 2];
  if (entry.epoch != epoch) {
    RandomStream random(absl::StrCat("epoch ", epoch), seed_);
    Order order = Choose(epoch);
    if (group_ > 1) {
      order = MakeGrouped(order, random, epoch);
    } else {
      Shuffle(random, order);
    }
    entry.order = std::make_shared<const Order>(std::move(order));
    entry.epoch = epoch;
  }
  return entry.order;
}

// The pictures of an epoch, size_ of them. With repetitions: the pictures lie
// one after the other on a line, each as long as it is to be shown often; whole
// numbers, all moved by one random amount, say which are taken.
EpochOrder::Order EpochOrder::Choose(int64_t epoch) const {
  Order all(static_cast<size_t>(pictures_));
  std::iota(all.begin(), all.end(), 0);
  if (repeats_.empty()) return all;
  RandomStream random(absl::StrCat("repeats ", epoch), seed_);
  Shuffle(random, all);
  const double first = random.Uniform();
  Order chosen;
  double end = 0;
  for (const int32_t picture : all) {
    end += repeats_[static_cast<size_t>(picture)];
    // However the sum is rounded, the last picture fills the epoch.
    const double limit =
        picture == all.back() ? static_cast<double>(size_) : end;
    while (static_cast<int64_t>(chosen.size()) < size_ &&
           first + static_cast<double>(chosen.size()) < limit) {
      chosen.push_back(picture);
    }
  }
  return chosen;
}

// The iterations that lie within the epoch take one class each and come in
// random order; those that it shares with the epochs before and after are
// always of the larger class.
EpochOrder::Order EpochOrder::MakeGrouped(const Order& chosen,
                                          RandomStream& random,
                                          int64_t epoch) const {
  Order larger, smaller;  // landscapes and portraits, for now
  for (const int32_t picture : chosen) {
    (is_portrait_[static_cast<size_t>(picture)] ? smaller : larger)
        .push_back(picture);
  }
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

}  // namespace fcis::data
