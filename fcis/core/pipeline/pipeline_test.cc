#include "fcis/core/pipeline/pipeline.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;

// With so many threads as the parameter.
class PipelineTest : public ::testing::TestWithParam<int> {
 protected:
  PipelineTest() { SetNumThreads(GetParam()); }
  ~PipelineTest() override { SetNumThreads(0); }
};

INSTANTIATE_TEST_SUITE_P(Threads, PipelineTest, ::testing::Values(2, 3),
                         ::testing::PrintToStringParamName());

TEST_P(PipelineTest, EveryItemPassesAllStagesInOrder) {
  std::vector<std::string> results;
  RunPipeline(
      3, 1, [](int64_t i) { return std::make_unique<int64_t>(10 * i); },
      [](int64_t i, std::unique_ptr<int64_t> x) {
        return std::to_string(i) + ":" + std::to_string(*x);
      },
      [&](int64_t i, std::string text) {
        EXPECT_EQ(i, static_cast<int64_t>(results.size()));
        results.push_back(text);
      });
  EXPECT_THAT(results, ElementsAre("0:0", "1:10", "2:20"));
}

TEST_P(PipelineTest, NothingToDo) {
  const auto never = [](auto...) {
    ADD_FAILURE();
    return 0;
  };
  RunPipeline(0, 2, never, never, never);
}

TEST_P(PipelineTest, ProcessRunsInTheCallersThread) {
  const std::thread::id caller = std::this_thread::get_id();
  RunPipeline(
      2, 1, [](int64_t i) { return i; },
      [&](int64_t, int64_t x) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        return x;
      },
      [](int64_t, int64_t) {});
}

// Item 1 is loaded and processed while item 0 is still being finished: else
// this would wait forever.
TEST(OverlapTest, ThreeThreadsOverlapTheStages) {
  SetNumThreads(3);
  std::promise<void> processed_1;
  RunPipeline(
      2, 1, [](int64_t i) { return i; },
      [&](int64_t i, int64_t x) {
        if (i == 1) processed_1.set_value();
        return x;
      },
      [&](int64_t i, int64_t) {
        if (i == 0) processed_1.get_future().wait();
      });
  SetNumThreads(0);
}

TEST(OverlapTest, TwoThreadsTakeTurns) {
  SetNumThreads(2);
  std::string order;
  RunPipeline(
      2, 1, [&](int64_t i) { return absl::StrAppend(&order, "l", i), i; },
      [&](int64_t i, int64_t x) { return absl::StrAppend(&order, "p", i), x; },
      [&](int64_t i, int64_t) { absl::StrAppend(&order, "f", i); });
  EXPECT_EQ(order, "l0p0f0l1p1f1");
  SetNumThreads(0);
}

// Each length of a stream, from none.
TEST_P(PipelineTest, AStreamEndsWhenNothingIsLoaded) {
  for (int length : {0, 1, 5}) {
    int loaded = 0;
    std::vector<int> results;
    RunPipelineStream(
        1,
        [&] {
          return loaded < length ? std::optional<int>(loaded++) : std::nullopt;
        },
        [](int64_t i, int x) { return static_cast<int>(100 * i) + x; },
        [&](int64_t i, int x) {
          EXPECT_EQ(x, 101 * i);
          results.push_back(x);
        });
    EXPECT_EQ(results.size(), static_cast<size_t>(length));
  }
}

TEST(SideBySideTest, AStreamIsLoadedInOrderAndBoundedInMemory) {
  for (const int threads : {1, 2, 5}) {
    constexpr int kLength = 60;
    int loaded = 0;
    std::atomic<int> loading{0}, unfinished{0};
    std::vector<int> results;
    RunStreamSideBySide(
        threads,
        [&]() -> std::optional<int> {
          EXPECT_EQ(++loading, 1);
          std::optional<int> item;
          if (loaded < kLength) {
            item = loaded++;
            EXPECT_LE(++unfinished, 2 * threads);
          }
          --loading;
          return item;
        },
        [](int64_t i, int x) {
          EXPECT_EQ(i, x);
          if (i < 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
          return 10 * x;
        },
        [&](int64_t i, int x) {
          EXPECT_EQ(x, 10 * i);
          results.push_back(x);
          --unfinished;
        });
    EXPECT_EQ(results.size(), static_cast<size_t>(kLength));
  }
}

TEST(SideBySideTest, ResultsComeInOrderWhoeverMadeThem) {
  for (const int threads : {1, 2, 5}) {
    std::vector<int64_t> results;
    std::atomic<int> finishing{0};
    RunSideBySide(
        100, threads,
        [](int64_t i) {
          // The first ones take longest.
          if (i < 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
          return std::make_unique<int64_t>(10 * i);
        },
        [&](int64_t i, std::unique_ptr<int64_t> x) {
          EXPECT_EQ(++finishing, 1);
          EXPECT_EQ(i, static_cast<int64_t>(results.size()));
          results.push_back(*x);
          --finishing;
        });
    ASSERT_EQ(results.size(), 100u);
    for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(results[i], 10 * i);
  }
}

// Each waits for the other: one at a time would hang.
TEST(SideBySideTest, ThreadsWorkAtTheSameTimeAndEachAlone) {
  SetNumThreads(2);
  std::promise<void> begun[2];
  RunSideBySide(
      2, 2,
      [&](int64_t i) {
        EXPECT_EQ(NumThreads(), 1);
        begun[i].set_value();
        begun[1 - i].get_future().wait();
        return i;
      },
      [](int64_t, int64_t) {});
  EXPECT_EQ(NumThreads(), 2);
  SetNumThreads(0);
}

// While item 0 is not finished, the others do not run away.
TEST(SideBySideTest, NoMoreThanTwoPerThreadAreUnfinished) {
  constexpr int kThreads = 3;
  std::atomic<int64_t> begun{0}, finished{0};
  RunSideBySide(
      60, kThreads,
      [&](int64_t i) {
        EXPECT_LE(++begun - finished, 2 * kThreads);
        if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return i;
      },
      [&](int64_t, int64_t) { ++finished; });
  EXPECT_EQ(finished, 60);
}

TEST(SideBySideTest, NothingToDo) {
  const auto never = [](auto...) {
    ADD_FAILURE();
    return 0;
  };
  RunSideBySide(0, 2, never, never);
}

TEST_P(PipelineTest, NoMoreThanDepthWait) {
  constexpr int kDepth = 2;
  std::atomic<int64_t> loaded{0};
  RunPipeline(
      50, kDepth,
      [&](int64_t i) {
        ++loaded;
        return i;
      },
      [&](int64_t i, int64_t x) {
        // Taken: 0..i; waiting: kDepth; one in the loader's hand.
        EXPECT_LE(loaded, i + 1 + kDepth + 1);
        return x;
      },
      [](int64_t, int64_t) {});
}

}  // namespace
}  // namespace fcis
