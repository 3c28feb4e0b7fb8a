#include "fcis/eval/coco/rank_order.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace fcis::eval {
namespace {

constexpr int kDigitBits = 11, kDigits = 3;
constexpr size_t kValues = size_t{1} << kDigitBits;

// The upper half of the score's bits, which ascends as scores descend.
uint32_t Prefix(const RankKey& key) {
  const double score = key.score + 0.0;  // -0 equals 0
  uint64_t bits;
  std::memcpy(&bits, &score, sizeof bits);
  const auto half = static_cast<uint32_t>(bits >> 32);
  return half >> 31 != 0 ? half : ~half & 0x7fffffffu;
}

size_t Digit(const RankKey& key, int digit) {
  return Prefix(key) >> (kDigitBits * digit) & (kValues - 1);
}

// Distributes by one digit after the other, the lowest first.
void SortByPrefix(std::vector<RankKey>& keys) {
  std::vector<RankKey> sorted(keys.size());
  for (int digit = 0; digit < kDigits; ++digit) {
    std::array<uint32_t, kValues> next = {};
    for (const RankKey& key : keys) ++next[Digit(key, digit)];
    uint32_t first = 0;
    for (uint32_t& place : next) first += std::exchange(place, first);
    for (const RankKey& key : keys) sorted[next[Digit(key, digit)]++] = key;
    keys.swap(sorted);
  }
}

}  // namespace

void SortByRank(
    std::vector<RankKey>& keys,
    absl::FunctionRef<bool(const RankKey&, const RankKey&)> before) {
  // Below it, counting takes longer than comparing.
  constexpr size_t kFew = 1000;
  const bool few = keys.size() < kFew;
  if (!few) SortByPrefix(keys);
  for (auto begin = keys.begin(), end = begin; begin != keys.end();
       begin = end) {
    const auto other = [&](const RankKey& key) {
      return Prefix(key) != Prefix(*begin);
    };
    end = few ? keys.end() : std::find_if(begin + 1, keys.end(), other);
    if (end - begin == 1) continue;
    std::sort(begin, end, [&](const RankKey& a, const RankKey& b) {
      return a.score != b.score ? a.score > b.score : before(a, b);
    });
  }
}

}  // namespace fcis::eval
