#include "fcis/tools/video_output.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "fcis/core/cli/exit_code.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class VideoOutputTest : public ::testing::Test {
 protected:
  VideoOutputTest()
      : root_(fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    setenv("BUILD_WORKING_DIRECTORY", root_.c_str(), 1);
    input_ = Path("clip.y4m");
    EXPECT_TRUE(WriteFileAtomic(input_, "x").ok());
  }

  std::string Path(const std::string& name) const { return root_ / name; }

  absl::StatusOr<VideoOutput> Choose(const std::string& input,
                                     const std::string& out,
                                     bool terminal = false) const {
    return ChooseVideoOutput({input, out, true, terminal, absl::UnixEpoch()});
  }

  const fs::path root_;
  std::string input_;
};

TEST_F(VideoOutputTest, AFileThatIsNamed) {
  const auto output = Choose(input_, "new/out.y4m");
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->video, Path("new/out.y4m"));
  EXPECT_EQ(output->json, Path("new/out.jsonl"));
  EXPECT_TRUE(fs::is_directory(Path("new")));
  EXPECT_EQ(Describe(*output), output->video + " and " + output->json);
}

TEST_F(VideoOutputTest, ADirectory) {
  EXPECT_EQ(Choose(input_, "results")->video, Path("results/clip.y4m"));
  EXPECT_EQ(Choose("-", "results")->video, Path("results/video.y4m"));
  EXPECT_EQ(Choose("-", "results")->json, Path("results/video.jsonl"));
  const std::string by_date = Choose(input_, "")->video;
  EXPECT_THAT(by_date,
              AllOf(StartsWith(Path("fcis_demo/")), EndsWith("/clip.y4m")));
}

TEST_F(VideoOutputTest, StandardOutput) {
  EXPECT_EQ(Choose("-", "")->video, "-");
  EXPECT_EQ(Choose(input_, "-")->video, "-");
  EXPECT_THAT(Choose(input_, "-")->json,
              AllOf(StartsWith(Path("fcis_demo/")), EndsWith("/clip.jsonl")));
  // A log's, say.
  EXPECT_NE(Choose(input_, "")->video, "-");
  EXPECT_THAT(Describe(*Choose("-", "")),
              StartsWith("the standard output and"));
}

TEST_F(VideoOutputTest, ATerminalGetsNoVideo) {
  EXPECT_THAT(Choose("-", "", true)->video, EndsWith("/video.y4m"));
  const absl::Status status = Choose("-", "-", true).status();
  EXPECT_EQ(ExitCode(status), kExitUsage);
  EXPECT_THAT(status.ToString(), HasSubstr("terminal"));
}

TEST_F(VideoOutputTest, PipesAndDevicesAreWrittenTo) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const auto output = Choose(input_, "pipe");
  EXPECT_EQ(output->video, Path("pipe"));
  EXPECT_THAT(output->json, StartsWith(Path("fcis_demo/")));
  EXPECT_EQ(Choose(input_, "/dev/null")->video, "/dev/null");
}

TEST_F(VideoOutputTest, WhatIsRefused) {
  for (const char* out : {"clip.y4m", "."}) {
    const absl::Status status = Choose(input_, out).status();
    EXPECT_EQ(ExitCode(status), kExitUsage) << out;
    EXPECT_THAT(status.ToString(), HasSubstr("would replace"));
  }
  const absl::Status mp4 = Choose(input_, "out.MP4").status();
  EXPECT_EQ(ExitCode(mp4), kExitUsage);
  EXPECT_THAT(mp4.ToString(), HasSubstr("| ffmpeg -i - out.MP4"));
  ASSERT_TRUE(WriteFileAtomic(Path("notes.txt"), "mine").ok());
  EXPECT_FALSE(Choose(input_, "notes.txt").ok());
  EXPECT_EQ(*ReadFile(Path("notes.txt")), "mine");
}

TEST_F(VideoOutputTest, OpenWritesTheFile) {
  const auto writer = OpenVideoOutput(Path("a.y4m"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE((*writer)->Commit().ok());
  EXPECT_TRUE(fs::exists(Path("a.y4m")));
}

}  // namespace
}  // namespace fcis::tools
