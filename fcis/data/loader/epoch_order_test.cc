#include "fcis/data/loader/epoch_order.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "fcis/data/loader/test_sets.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

std::vector<int64_t> Indices(const EpochOrder& order, int64_t begin,
                             int64_t end) {
  std::vector<int64_t> indices;
  for (int64_t n = begin; n < end; ++n) indices.push_back(order.IndexOf(n));
  return indices;
}

void ExpectEachOnce(std::vector<int64_t> indices) {
  std::sort(indices.begin(), indices.end());
  for (size_t i = 0; i < indices.size(); ++i) {
    ASSERT_EQ(indices[i], static_cast<int64_t>(i));
  }
}

TEST(EpochOrder, EachEpochShowsEachPictureOnceInAnOrderOfItsOwn) {
  const EpochOrder order(100, 7);
  std::set<std::vector<int64_t>> orders;
  for (int64_t epoch = 0; epoch < 5; ++epoch) {
    const auto indices = Indices(order, epoch * 100, (epoch + 1) * 100);
    ExpectEachOnce(indices);
    orders.insert(indices);
  }
  orders.insert(Indices(EpochOrder(100, 8), 0, 100));
  EXPECT_EQ(orders.size(), 6u);
}

TEST(EpochOrder, DoesNotDependOnWhatWasAskedBefore) {
  const EpochOrder forward(10, 3), backward(10, 3);
  const auto want = Indices(forward, 0, 100);
  for (int64_t n = 99; n >= 0; --n) {
    EXPECT_EQ(backward.IndexOf(n), want[static_cast<size_t>(n)]);
  }
}

// How many groups of an order mix the classes.
int MixedGroups(int64_t size, int64_t group, int64_t epochs,
                const std::function<bool(int64_t)>& is_portrait) {
  const EpochOrder order(size, 5, group, is_portrait);
  const auto indices = Indices(order, 0, size * epochs);
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    ExpectEachOnce(
        {indices.begin() + epoch * size, indices.begin() + (epoch + 1) * size});
  }
  int mixed = 0;
  for (int64_t g = 0; g + group <= size * epochs; g += group) {
    int portraits = 0;
    for (int64_t i = g; i < g + group; ++i) {
      if (is_portrait(indices[static_cast<size_t>(i)])) ++portraits;
    }
    if (portraits != 0 && portraits != group) ++mixed;
  }
  return mixed;
}

TEST(EpochOrder, GroupsShareTheAspect) {
  const auto third = [](int64_t i) { return i % 3 == 0; };
  // 34 portraits and 66 landscapes in groups of 4, 6, 7 and 8.
  for (const int64_t group : {4, 6, 7, 8}) {
    EXPECT_LE(MixedGroups(100, group, 21, third), 21) << group;
  }
  // Nothing runs out: 30 and 60 in groups of 6.
  EXPECT_EQ(MixedGroups(90, 6, 4, third), 0);
  // A set smaller than a group.
  EXPECT_LE(MixedGroups(3, 8, 16, third), 6);
  // One class alone.
  EXPECT_EQ(MixedGroups(11, 4, 8, [](int64_t) { return true; }), 0);
}

TEST(EpochOrder, GroupsComeInRandomOrder) {
  const auto half = [](int64_t i) { return i < 50; };
  const EpochOrder order(100, 5, 2, half);
  int changes = 0;
  for (int64_t n = 2; n < 100; n += 2) {
    if (half(order.IndexOf(n)) != half(order.IndexOf(n - 2))) ++changes;
  }
  EXPECT_GT(changes, 10);
}

TEST(RepeatFactors, GrowWithTheRarestClass) {
  // Of eight pictures two have the label 2 and one has 3; all but one have 1.
  std::vector<LabelledImage> pictures(8);
  const std::vector<std::vector<int>> labels = {{1},    {1, 1}, {1}, {1, 2},
                                                {2, 1}, {1, 3}, {1}, {}};
  for (size_t i = 0; i < labels.size(); ++i) {
    for (const int label : labels[i]) {
      pictures[i].instances.Add(Box(), label, {});
    }
  }
  const MemorySet set(std::move(pictures));
  const double two = std::sqrt(.5 / .25), three = std::sqrt(.5 / .125);
  EXPECT_EQ(RepeatFactors(set, .5),
            (std::vector<double>{1, 1, 1, two, two, three, 1, 1}));
  EXPECT_TRUE(RepeatFactors(set, 0).empty());
}

TEST(EpochOrder, RepeatsAsOftenAsAsked) {
  // 1 * 40 + 1.5 * 40 + 3.2 * 20 = 164.
  std::vector<double> repeats(100, 1);
  for (size_t i = 40; i < 80; ++i) repeats[i] = 1.5;
  for (size_t i = 80; i < 100; ++i) repeats[i] = 3.2;
  for (const int64_t group : {1, 6}) {
    const EpochOrder order(
        100, 7, group, [](int64_t i) { return i % 3 == 0; }, repeats);
    ASSERT_EQ(order.size(), 164);
    std::vector<int> shown(100);
    constexpr int kEpochs = 200;
    for (int64_t epoch = 0; epoch < kEpochs; ++epoch) {
      std::vector<int> counts(100);
      for (const int64_t i : Indices(order, epoch * 164, (epoch + 1) * 164)) {
        ++counts[static_cast<size_t>(i)];
      }
      for (size_t i = 0; i < 100; ++i) {
        EXPECT_GE(counts[i], std::floor(repeats[i]));
        EXPECT_LE(counts[i], std::ceil(repeats[i]));
        shown[i] += counts[i];
      }
    }
    for (size_t i = 0; i < 100; ++i) {
      // Once more or not, each by chance: six deviations of at most half each.
      EXPECT_NEAR(shown[i], repeats[i] * kEpochs, 6 * .5 * std::sqrt(kEpochs));
    }
  }
}

TEST(EpochOrder, RepeatsAreStretchedToAWholeNumber) {
  EXPECT_EQ(EpochOrder(3, 1, 1, nullptr, {1, 1.1, 1.1}).size(), 4);
  EXPECT_EQ(EpochOrder(3, 1, 1, nullptr, {1, 1, 1}).size(), 3);
}

}  // namespace
}  // namespace fcis::data
