// The shared library's teams, in a ThreadsScope and outside: what thread_team.h
// promises of them.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/thread_team.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// How often each member ran.
std::vector<int> Members(int members) {
  std::vector<std::atomic<int>> times(members);
  RunTeam(members, [&](int member) {
    const TeamPlace place = CurrentPlace();
    if (place.member == member && place.members == members) ++times[member];
  });
  return {times.begin(), times.end()};
}

// Whether each test is in a ThreadsScope.
class OmpTeam : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) scope_.emplace(5);
  }

 private:
  std::optional<ThreadsScope> scope_;
};

INSTANTIATE_TEST_SUITE_P(Scoped, OmpTeam, testing::Bool());

TEST_P(OmpTeam, EachMemberOnce) {
  for (const int members : {1, 2, 5}) {
    EXPECT_EQ(Members(members), std::vector<int>(members, 1));
  }
  EXPECT_FALSE(InTeam());
}

std::atomic<int> threads_ended{0};
struct EndOfThread {
  ~EndOfThread() { ++threads_ended; }
};

// OpenMP's threads stay.
TEST_P(OmpTeam, ThreadsEndWithTheirWorkOutsideOfAScope) {
  threads_ended = 0;
  std::atomic<int> here{0};
  RunTeam(2, [&](int) {
    thread_local EndOfThread end;
    ++here;
    while (here < 2) std::this_thread::yield();
  });
  EXPECT_EQ(threads_ended, GetParam() ? 0 : 1);
}

TEST_P(OmpTeam, ATeamWithinATeamIsAlone) {
  std::atomic<int> inner{0};
  RunTeam(3, [&](int) {
    if (!InTeam()) return;
    RunTeam(2, [&](int member) { inner += member == 0 ? 1 : 100; });
  });
  EXPECT_EQ(inner, 3);
}

TEST_P(OmpTeam, ThrowsWhatAMemberThrew) {
  for (const int thrower : {0, 2}) {
    std::atomic<int> returned{0};
    std::string what;
    try {
      RunTeam(3, [&](int member) {
        if (member == thrower) throw std::runtime_error("member");
        ++returned;
      });
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_EQ(what, "member");
    EXPECT_EQ(returned, 2);
    EXPECT_FALSE(InTeam());
  }
}

TEST(OmpTeamScope, SetsTheThreads) {
  const int before = TellOpenMp(4);
  {
    const ThreadsScope scope(3);
    EXPECT_EQ(NumThreads(), 3);
    EXPECT_EQ(TellOpenMp(3), 3);
  }
  EXPECT_EQ(TellOpenMp(before), 4);
}

TEST_P(OmpTeam, AForkedChildWorksAlone) {
  EXPECT_EQ(Members(2), std::vector<int>(2, 1));
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    const bool alone = TeamSize(2) == 1;
    _exit(alone && Members(2) == std::vector<int>(2, 1) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(TeamSize(2), 2);
}

}  // namespace
}  // namespace fcis
