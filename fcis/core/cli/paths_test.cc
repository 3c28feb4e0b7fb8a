#include "fcis/core/cli/paths.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PathsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(root_);
    setenv("BUILD_WORKING_DIRECTORY", root_.c_str(), 1);
  }
  void TearDown() override { unsetenv("BUILD_WORKING_DIRECTORY"); }

  std::string Touch(const std::string& name) {
    const fs::path path = root_ / name;
    std::ofstream(path) << "x";
    return path.string();
  }

  fs::path root_;
};

TEST_F(PathsTest, RelativeToTheCallersDirectory) {
  EXPECT_EQ(WorkingDirectory(), root_.string());
  EXPECT_EQ(ResolvePath("a/b.jpg"), (root_ / "a/b.jpg").string());
  EXPECT_EQ(ResolvePath("./a/../b"), (root_ / "b").string());
  EXPECT_EQ(ResolvePath("/x/y"), "/x/y");
  EXPECT_EQ(ResolvePath(""), "");
}

TEST_F(PathsTest, WithoutBazelTheProcesssDirectory) {
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(WorkingDirectory(), fs::current_path().string());
}

TEST_F(PathsTest, Home) {
  setenv("HOME", "/home/u", 1);
  EXPECT_EQ(ResolvePath("~/data"), "/home/u/data");
  EXPECT_EQ(ResolvePath("~"), "/home/u");
  EXPECT_EQ(ResolvePath("~x"), (root_ / "~x").string());
}

TEST_F(PathsTest, GlobSortedAndResolved) {
  const std::string b = Touch("b.jpg"), a = Touch("a.jpg");
  Touch("c.png");
  const absl::StatusOr<std::vector<std::string>> paths = ExpandGlob("*.jpg");
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_THAT(*paths, ElementsAre(a, b));
}

TEST_F(PathsTest, AFileNamedLikeAPatternIsThatFile) {
  const std::string odd = Touch("a[1].jpg");
  Touch("a1.jpg");
  const absl::StatusOr<std::vector<std::string>> paths = ExpandGlob("a[1].jpg");
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_THAT(*paths, ElementsAre(odd));
}

TEST_F(PathsTest, NoMatchNamesThePattern) {
  const absl::Status status = ExpandGlob("*.tiff").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("*.tiff: no such file"));
}

TEST_F(PathsTest, RunfileOfThisTest) {
  const absl::StatusOr<std::string> path =
      FindRunfile("fcis/core/cli/paths_test.cc");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_TRUE(fs::exists(*path));
  EXPECT_EQ(FindRunfile("fcis/no/such").status().code(),
            absl::StatusCode::kNotFound);
}

// Of an installed program: release/archive_test.py.
TEST_F(PathsTest, ShortPaths) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/me", 1);
  EXPECT_EQ(WithShortPaths("/home/me/a.jpg"), "a.jpg");
  EXPECT_EQ(WithShortPaths("cannot read '/home/me/b/c': no (/home/me/d)"),
            "cannot read 'b/c': no (d)");
  for (const char* other :
       {"", "/home/me", "/home/me and", "/home/mean/a", "/mnt/home/me/a",
        "file:///home/me/a", "../home/me/a", "no path"}) {
    EXPECT_EQ(WithShortPaths(other), other);
  }
  EXPECT_EQ(WithShortPaths("in /home/me/"), "in ./");
  EXPECT_EQ(WithShortPaths("/home/me/: full"), "./: full");
  EXPECT_EQ(WithShortPaths(absl::StrCat("at ", ResolvePath("."), "/a.json")),
            "at a.json");
  setenv("BUILD_WORKING_DIRECTORY", "/", 1);
  EXPECT_EQ(WithShortPaths("/a/b"), "/a/b");
  setenv("BUILD_WORKING_DIRECTORY", "/home/me", 1);
  const absl::StatusOr<std::string> runfile =
      FindRunfile("fcis/core/cli/paths_test.cc");
  EXPECT_EQ(WithShortPaths(absl::StrCat(*runfile, ": odd")),
            "fcis/core/cli/paths_test.cc: odd");
}

TEST_F(PathsTest, ATestIsNotInstalled) {
  EXPECT_EQ(FindInstalled("bin").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CommandOf("//fcis/tools:demo"), "bazel run //fcis/tools:demo --");
  EXPECT_EQ(CommandOf("//fcis/train:train", 2),
            "bazel run --run_under='mpiexec -n 2' //fcis/train:train --");
}

}  // namespace
}  // namespace fcis
