#include "fcis/core/base/thread_team.h"

#include <sched.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double CpuSeconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void WorkFor(Seconds time) {
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
  while (Clock::now() < end) {
  }
}

TEST(RunTeam, EachMemberOnce) {
  for (int round = 0; round < 200; ++round) {
    for (const int members : {1, 2, 3, 8, 2}) {
      std::vector<int> calls(members);
      RunTeam(members, [&](int member) {
        EXPECT_EQ(CurrentPlace().member, member);
        EXPECT_EQ(CurrentPlace().members, members);
        EXPECT_EQ(InTeam(), members > 1);
        ++calls[member];
      });
      EXPECT_EQ(calls, std::vector<int>(members, 1));
    }
  }
  EXPECT_EQ(CurrentPlace().members, 1);
  EXPECT_FALSE(InTeam());
}

TEST(RunTeam, MemberZeroIsTheCaller) {
  const std::thread::id caller = std::this_thread::get_id();
  RunTeam(2, [&](int member) {
    if (member == 0) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
    }
  });
}

TEST(RunTeam, WithinATeamTheCallerIsAlone) {
  std::atomic<int> calls{0};
  RunTeam(2, [&](int member) {
    RunTeam(2, [&](int inner) {
      EXPECT_EQ(inner, 0);
      EXPECT_EQ(CurrentPlace().members, 1);
      EXPECT_TRUE(InTeam());
      TeamBarrier();
      ++calls;
    });
    EXPECT_EQ(CurrentPlace().member, member);
    EXPECT_EQ(CurrentPlace().members, 2);
  });
  EXPECT_EQ(calls, 2);
}

TEST(RunTeam, SeveralCallersAtOnce) {
  std::vector<std::thread> callers;
  std::atomic<int> sum{0};
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        RunTeam(3, [&](int member) { sum += member; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 4 * 500 * (1 + 2));
}

TEST(TeamBarrier, NobodyPassesBeforeAllHaveCome) {
  constexpr int kMembers = 4, kRounds = 300;
  std::atomic<int> come{0};
  RunTeam(kMembers, [&](int) {
    for (int round = 1; round <= kRounds; ++round) {
      ++come;
      TeamBarrier();
      EXPECT_GE(come, round * kMembers);
      TeamBarrier();
    }
  });
  EXPECT_EQ(come, kRounds * kMembers);
}

// The processor time of the whole process, as a multiple of the time that
// passes while one member works and the others wait. Others on the machine make
// it smaller.
double CpuPerSecond(int worker) {
  constexpr int kRounds = 100;
  constexpr Seconds kWork{0.004};
  const Clock::time_point start = Clock::now();
  const double cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<bool> begun{false};
    RunTeam(2, [&](int member) {
      if (member == worker) {
        begun = true;
        WorkFor(kWork);
      }
      // Else the caller would do the helper's work, too.
      while (!begun) std::this_thread::sleep_for(std::chrono::microseconds(50));
    });
  }
  return (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) /
         Seconds(Clock::now() - start).count();
}

TEST(RunTeam, WaitingThreadsSleep) {
  EXPECT_LT(CpuPerSecond(0), 1.3);  // the helper waits for the next job
  EXPECT_LT(CpuPerSecond(1), 1.3);  // the caller waits for the helper
}

// On one core the helpers come after the caller is done.
TEST(RunTeam, TheCallerDoesTheWorkOfLateHelpers) {
  std::thread([] {
    cpu_set_t mask;
    ASSERT_EQ(sched_getaffinity(0, sizeof(mask), &mask), 0);
    int core = 0;
    while (!CPU_ISSET(core, &mask)) ++core;
    CPU_ZERO(&mask);
    CPU_SET(core, &mask);
    ASSERT_EQ(sched_setaffinity(0, sizeof(mask), &mask), 0);
    const std::thread::id caller = std::this_thread::get_id();
    std::atomic<int> by_caller{0};
    for (int round = 0; round < 1000; ++round) {
      RunTeam(2, [&](int member) {
        by_caller += member == 1 && std::this_thread::get_id() == caller;
      });
    }
    EXPECT_GT(by_caller, 100);
  }).join();
}

int CoresOfThisThread() {
  cpu_set_t mask;
  return sched_getaffinity(0, sizeof(mask), &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

// Runs teams until the helper has so many cores, or as good as for ever.
bool HelperGetsCores(int members, const std::function<bool(int)>& wanted) {
  const Clock::time_point end = Clock::now() + std::chrono::seconds(30);
  while (Clock::now() < end) {
    std::atomic<bool> seen{false};
    const std::thread::id caller = std::this_thread::get_id();
    RunTeam(members, [&](int) {
      WorkFor(Seconds(0.001));
      if (std::this_thread::get_id() == caller) return;
      if (wanted(CoresOfThisThread())) seen = true;
    });
    if (seen) return true;
  }
  return false;
}

TEST(RunTeam, GathersWhereOthersWantAllCoresAndScattersAgain) {
  const int cores = CoresOfThisThread();
  if (cores < 2) GTEST_SKIP() << "one core";
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2 * cores; ++i) {
    others.emplace_back([&] {
      while (!stop) WorkFor(Seconds(0.001));
    });
  }
  EXPECT_TRUE(HelperGetsCores(2, [&](int n) { return n < cores; }));
  // Threads that the caller starts have all cores.
  EXPECT_EQ(CoresOfThisThread(), cores);
  stop = true;
  for (std::thread& other : others) other.join();
  EXPECT_TRUE(HelperGetsCores(2, [&](int n) { return n == cores; }));
}

}  // namespace
}  // namespace fcis
