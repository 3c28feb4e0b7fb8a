#include "fcis/eval/coco/rank_order.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

bool LaterFirst(const RankKey& a, const RankKey& b) {
  return a.position > b.position;
}

// Scores of both signs that are all different, nearly equal, or often equal.
std::vector<RankKey> RandomKeys(std::mt19937_64& random, size_t n, int kind) {
  std::vector<RankKey> keys;
  for (uint32_t i = 0; i < n; ++i) {
    const double unit = static_cast<double>(random() >> 11) / (1ull << 53);
    const double score = kind == 0   ? unit
                         : kind == 1 ? 1 + unit * 1e-12
                         : kind == 2 ? static_cast<double>(random() % 5) - 2
                                     : (unit - .5) * 1e300;
    keys.push_back({score == 0 && i % 2 == 0 ? -0.0 : score, i});
  }
  return keys;
}

TEST(RankOrderTest, EqualsSorting) {
  std::mt19937_64 random(17);
  for (const size_t n : {0, 1, 2, 999, 1000, 5000}) {
    for (int kind = 0; kind < 4; ++kind) {
      std::vector<RankKey> keys = RandomKeys(random, n, kind);
      std::vector<RankKey> expected = keys;
      std::sort(expected.begin(), expected.end(),
                [](const RankKey& a, const RankKey& b) {
                  return a.score != b.score ? a.score > b.score
                                            : LaterFirst(a, b);
                });
      SortByRank(keys, LaterFirst);
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ(keys[i].position, expected[i].position)
            << n << " of kind " << kind << ", at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace fcis::eval
