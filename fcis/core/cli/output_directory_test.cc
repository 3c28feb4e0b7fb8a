#include "fcis/core/cli/output_directory.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::string, a_page, "", "A page.");
ABSL_FLAG(std::string, a_list, "", "A list.");

namespace fcis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OutputDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(root_);
    setenv("BUILD_WORKING_DIRECTORY", root_.c_str(), 1);
  }
  void TearDown() override { unsetenv("BUILD_WORKING_DIRECTORY"); }

  fs::path root_;
};

TEST_F(OutputDirectoryTest, NamedOneIsCreatedWithItsParents) {
  const auto path = MakeOutputDirectory("a/b", "p", absl::Now());
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, (root_ / "a/b").string());
  EXPECT_TRUE(fs::is_directory(*path));
  EXPECT_TRUE(MakeOutputDirectory("a/b", "p", absl::Now()).ok());
}

TEST_F(OutputDirectoryTest, DefaultIsDatedAndNew) {
  const absl::Time now = absl::FromCivil(
      absl::CivilSecond(2026, 11, 23, 15, 12, 0), absl::LocalTimeZone());
  const auto first = MakeOutputDirectory("", "fcis_demo", now);
  const auto second = MakeOutputDirectory("", "fcis_demo", now);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, (root_ / "fcis_demo/20261123_151200").string());
  EXPECT_EQ(*second, (root_ / "fcis_demo/20261123_151200_2").string());
}

TEST_F(OutputDirectoryTest, AFileInTheWayIsAnError) {
  std::ofstream(root_ / "file") << "x";
  const absl::Status status =
      MakeOutputDirectory("file/sub", "p", absl::Now()).status();
  EXPECT_THAT(status.ToString(), HasSubstr((root_ / "file/sub").string()));
  EXPECT_FALSE(MakeOutputDirectory("file", "p", absl::Now()).ok());
}

TEST_F(OutputDirectoryTest, AFileThatCouldNotBeWrittenIsSaidBefore) {
  const auto check = [](const std::string& path) {
    absl::SetFlag(&FLAGS_a_page, path);
    return CheckOutputFile(FLAGS_a_page);
  };
  for (const char* good : {"", "a.html", "/dev/null"}) {
    EXPECT_TRUE(check(good).ok()) << good;
  }
  EXPECT_THAT(
      check("no/a.html").ToString(),
      HasSubstr(absl::StrCat("--a_page ", (root_ / "no/a.html").string(),
                             " cannot be written: there is no "
                             "directory ",
                             (root_ / "no").string())));
  fs::create_directories(root_ / "here");
  EXPECT_THAT(check("here").ToString(), HasSubstr("it is a directory"));
  EXPECT_FALSE(check("/no_such/a.html").ok());
}

TEST_F(OutputDirectoryTest, FilesThatAreTheSameAreAUsageError) {
  const auto check = [](const std::string& page, const std::string& list,
                        const std::string& input) {
    absl::SetFlag(&FLAGS_a_page, page);
    absl::SetFlag(&FLAGS_a_list, list);
    return CheckOutputFiles({&FLAGS_a_page, &FLAGS_a_list},
                            {{"--an_input", input}}, "made/");
  };
  std::ofstream(root_ / "in") << "x";
  fs::create_symlink(root_ / "in", root_ / "link");
  EXPECT_TRUE(check("a", "b", "in").ok());
  EXPECT_TRUE(check("", "", "").ok());
  EXPECT_TRUE(check("made/a", "./made/b", "in").ok());
  EXPECT_FALSE(check("made/of/a", "", "in").ok());
  EXPECT_TRUE(check("/dev/null", "/dev/null", "/dev/null").ok());
  for (const auto& status : {check("in", "", "./in"), check("", "link", "in"),
                             check("a", (root_ / "a").string(), "in")}) {
    EXPECT_EQ(ExitCode(status), kExitUsage) << status;
  }
  EXPECT_THAT(check("a", "in", "in").ToString(),
              HasSubstr(absl::StrCat("--an_input and --a_list are the same "
                                     "file, ",
                                     (root_ / "in").string())));
  EXPECT_THAT(check("no/a", "b", "in").ToString(),
              HasSubstr("cannot be written"));
}

TEST_F(OutputDirectoryTest, WhatItIsMadeOfIsNotReplaced) {
  std::ofstream(root_ / "in") << "x";
  fs::create_hard_link(root_ / "in", root_ / "same");
  EXPECT_TRUE(CheckKeepsInput("in", "out").ok());
  EXPECT_TRUE(CheckKeepsInput("no_file", "no_file").ok());
  for (const char* out : {"in", "./in", "same"}) {
    const absl::Status status = CheckKeepsInput("in", out);
    EXPECT_EQ(ExitCode(status), kExitUsage) << out;
    EXPECT_THAT(status.ToString(), HasSubstr("would replace"));
  }
}

}  // namespace
}  // namespace fcis
