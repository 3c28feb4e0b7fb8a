#include "fcis/train/launch/child_runner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Shell(absl::string_view script) {
  return {"bash", "-c", std::string(script)};
}

std::string Path(absl::string_view name) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  unlink(path.c_str());
  return path;
}

void WaitForFile(const std::string& path) {
  while (access(path.c_str(), F_OK) != 0) usleep(5000);
}

TEST(ChildRunner, ExitCodes) {
  ChildRunner runner;
  EXPECT_EQ(*runner.Run({"true"}), 0);
  EXPECT_EQ(*runner.Run(Shell("exit 7")), 7);
  EXPECT_EQ(*runner.Run(Shell("kill -KILL $$")), 128 + SIGKILL);
  EXPECT_EQ(runner.stops(), 0);
}

TEST(ChildRunner, ReadsNothing) {
  ChildRunner runner;
  EXPECT_EQ(*runner.Run(Shell("read line; test $? != 0")), 0);
}

TEST(ChildRunner, SaysWhatCannotBeStarted) {
  ChildRunner runner;
  EXPECT_THAT(runner.Run({"/no/such/program"}).status().message(),
              HasSubstr("cannot start /no/such/program: No such file"));
}

// Whatever asks us to stop, the command hears SIGUSR1.
TEST(ChildRunner, StopSignalsArePassedOn) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    ChildRunner runner;
    const std::string ready = Path("ready");
    std::thread killer([&] {
      WaitForFile(ready);
      kill(getpid(), signal);
    });
    EXPECT_EQ(
        *runner.Run(Shell(absl::StrCat("trap 'exit 5' USR1; touch ", ready,
                                       "; while true; do sleep 0.01; done"))),
        5);
    killer.join();
    EXPECT_EQ(runner.stops(), 1);
  }
}

TEST(ChildRunner, TheSecondSignalEndsIt) {
  ChildRunner runner;
  const std::string ready = Path("ready2"), heard = Path("heard2");
  std::thread killer([&] {
    WaitForFile(ready);
    kill(getpid(), SIGINT);
    WaitForFile(heard);
    kill(getpid(), SIGINT);
  });
  EXPECT_EQ(*runner.Run(Shell(
                absl::StrCat("trap 'touch ", heard, "' USR1; touch ", ready,
                             "; while true; do sleep 0.01; done"))),
            128 + SIGUSR2);
  killer.join();
  EXPECT_EQ(runner.stops(), 2);
}

TEST(ChildRunner, WhatDoesNotEndIsKilled) {
  ChildRunner runner;
  const std::string ready = Path("ready3"), heard = Path("heard3");
  std::thread killer([&] {
    WaitForFile(ready);
    kill(getpid(), SIGTERM);
    WaitForFile(heard);
    kill(getpid(), SIGTERM);
  });
  EXPECT_EQ(*runner.Run(Shell(absl::StrCat(
                "trap 'touch ", heard, "' USR1; trap '' USR2; touch ", ready,
                "; while true; do sleep 0.01; done"))),
            128 + SIGKILL);
  killer.join();
}

TEST(ChildRunner, AStopEndsTheWait) {
  ChildRunner runner;
  absl::Time start = absl::Now();
  runner.Wait(absl::Milliseconds(50));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(50));
  kill(getpid(), SIGTERM);
  start = absl::Now();
  runner.Wait(absl::Minutes(1));
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  EXPECT_EQ(runner.stops(), 1);
}

// The runner dies by SIGKILL: its command hears SIGUSR1.
TEST(ChildRunner, ItsDeathIsAStop) {
  const std::string ready = Path("ready4"), heard = Path("heard4");
  const pid_t runner = fork();
  if (runner == 0) {
    ChildRunner child;
    child
        .Run(Shell(absl::StrCat("trap 'touch ", heard, "; exit' USR1; touch ",
                                ready, "; for i in $(seq 2000); do sleep 0.01;",
                                " done")))
        .IgnoreError();
    _exit(0);
  }
  WaitForFile(ready);
  kill(runner, SIGKILL);
  waitpid(runner, nullptr, 0);
  WaitForFile(heard);
}

}  // namespace
}  // namespace fcis::train
