#include "fcis/core/rle/run_pair.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

// The walk as text: the length of each stretch and where it lies.
std::string Walk(const std::vector<uint32_t>& a,
                 const std::vector<uint32_t>& b) {
  std::string text;
  for (RunPair runs(a, b); runs.more();) {
    const char* where = runs.in_a() ? (runs.in_b() ? "ab " : "a ")
                                    : (runs.in_b() ? "b " : "- ");
    text += std::to_string(runs.Step()) + where;
  }
  return text;
}

TEST(RunPairTest, Overlap) {
  EXPECT_EQ(Walk({1, 4, 3}, {3, 4, 1}), "1- 2a 2ab 2b 1- ");
}

TEST(RunPairTest, EmptyRuns) {
  EXPECT_EQ(Walk({0, 5}, {2, 3}), "0- 2a 3ab ");
  EXPECT_EQ(Walk({2, 0, 3}, {5}), "2- 0a 3- ");
}

// pycocotools stops there; its unions and IoUs lack what follows.
TEST(RunPairTest, StopsWhereBothHaveAnEmptyRun) {
  EXPECT_EQ(Walk({2, 0, 1, 2}, {2, 0, 3}), "2- ");
}

TEST(RunPairTest, BackgroundBehindTheLastRun) {
  EXPECT_EQ(Walk({1, 1}, {3, 2, 1}), "1- 1a 1- 2b 1- ");
  EXPECT_EQ(Walk({3, 2, 1}, {}), "3- 2a 1- ");
}

TEST(RunPairTest, LongestRun) {
  EXPECT_EQ(Walk({0, 4294967295u}, {4294967294u, 1}), "0- 4294967294a 1ab ");
  EXPECT_EQ(Walk({4294967295u}, {4294967295u}), "4294967295- ");
}

}  // namespace
}  // namespace fcis
