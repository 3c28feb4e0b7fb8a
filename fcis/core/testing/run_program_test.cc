#include "fcis/core/testing/run_program.h"

#include <csignal>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::AnyOf;

TEST(RunProgramTest, CodeAndBothOutputs) {
  const ProgramRun run = RunProgram(::testing::TempDir(), "/bin/sh",
                                    "-c 'pwd; echo bad >&2; exit 3'");
  EXPECT_EQ(run.code, 3);
  EXPECT_EQ(absl::StrCat(run.out.substr(0, run.out.size() - 1), "/"),
            ::testing::TempDir());
  EXPECT_EQ(run.err, "bad\n");
  EXPECT_EQ(RunProgram(::testing::TempDir(), "/bin/sh", "-c 'kill $$'").code,
            128 + SIGTERM);
}

TEST(RunProgramTest, TalksWithOne) {
  const std::string log = ::testing::TempDir() + "log";
  RunningProgram cat({"/bin/sh", "-c", "echo begun >&2; exec cat"}, log);
  cat.Send("a\nbcd");
  EXPECT_TRUE(cat.ReadLine());
  EXPECT_EQ(cat.said(), "a\n");
  EXPECT_TRUE(cat.Read(2));
  EXPECT_EQ(cat.said(), "a\nbc");
  EXPECT_EQ(*ReadFile(log), "begun\n");
  cat.Signal(SIGTERM);
  EXPECT_FALSE(cat.Read(2));
  EXPECT_EQ(cat.said(), "a\nbcd");
  EXPECT_EQ(cat.Wait(), 128 + SIGTERM);
}

TEST(RunProgramTest, WhatIsNone) {
  RunningProgram none({"/no/such/program"}, ::testing::TempDir() + "log");
  EXPECT_FALSE(none.ReadLine());
  EXPECT_EQ(none.Wait(), 127);
}

TEST(RunProgramTest, RanksWithArgumentsOfTheirOwn) {
  const std::string log = ::testing::TempDir() + "ranks";
  RunningProgram job(
      {"/bin/sh", "-c",
       TwoRanks("/bin/echo", "$OMPI_COMM_WORLD_RANK 'a  b'", "c '$HOME'")},
      log);
  while (job.ReadLine()) {
  }
  EXPECT_EQ(job.Wait(), 0) << *ReadFile(log);
  EXPECT_THAT(job.said(), AnyOf("0 a  b\nc $HOME\n", "c $HOME\n0 a  b\n"));
}

}  // namespace
}  // namespace fcis
