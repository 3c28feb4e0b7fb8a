#include "fcis/core/base/parallel.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(ParallelFor, CoversEveryIndexOnce) {
  for (const auto& parallel : {ParallelFor, ParallelForParts}) {
    for (const int threads : {1, 2, 3}) {
      SetNumThreads(threads);
      EXPECT_EQ(NumThreads(), threads);
      for (const int64_t n : {0, 1, 5, 64, 1000}) {
        for (const int64_t grain : {0, 1, 7, 2000}) {
          std::vector<std::atomic<int>> hits(n);
          parallel(n, grain, [&](int64_t begin, int64_t end) {
            EXPECT_LT(begin, end);
            for (int64_t i = begin; i < end; ++i) hits[i]++;
          });
          for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
        }
      }
    }
  }
}

TEST(ParallelForParts, GivesEachThreadOneRange) {
  SetNumThreads(3);
  std::atomic<int> ranges{0};
  ParallelForParts(100, 7, [&](int64_t begin, int64_t) {
    EXPECT_EQ(begin % 7, 0);
    ranges++;
  });
  EXPECT_EQ(ranges.load(), 3);
}

TEST(ParallelFor, NestedRunsInTheCallingThread) {
  SetNumThreads(2);
  std::atomic<int64_t> sum{0};
  ParallelFor(8, 1, [&](int64_t begin, int64_t end) {
    ParallelFor(4, 1, [&](int64_t b, int64_t e) { sum += (e - b); });
    ParallelForParts(5, 1, [&](int64_t b, int64_t e) { sum += (e - b); });
    sum += 100 * (end - begin);
  });
  EXPECT_EQ(sum.load(), 8 * (4 + 5) + 800);
}

TEST(SerialScope, KeepsToTheThreadThatMadeIt) {
  SetNumThreads(2);
  const auto stays = [] {
    const std::thread::id self = std::this_thread::get_id();
    bool same = true;
    ParallelFor(64, 1, [&](int64_t, int64_t) {
      if (std::this_thread::get_id() != self) same = false;
    });
    return same;
  };
  {
    const SerialScope serial;
    EXPECT_EQ(NumThreads(), 1);
    EXPECT_TRUE(stays());
    std::thread([] { EXPECT_EQ(NumThreads(), 2); }).join();
  }
  EXPECT_EQ(NumThreads(), 2);
}

TEST(SetNumThreads, ZeroMeansTheAvailableCores) {
  SetNumThreads(0);
  EXPECT_GE(NumThreads(), 1);
}

}  // namespace
}  // namespace fcis
