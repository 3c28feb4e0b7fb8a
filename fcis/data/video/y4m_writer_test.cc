#include "fcis/data/video/y4m_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kStream[] =
    "YUV4MPEG2 W2 H2 F25:1 C420jpeg\nFRAME Xa\nabcdefFRAME\nghijkl";

VideoFormat SmallFormat() {
  return *ParseVideoHeader("YUV4MPEG2 W2 H2 F25:1 C420jpeg", 100);
}

absl::Status WriteTwo(Y4mWriter& writer) {
  const absl::Status status =
      writer.Write(SmallFormat(), {"FRAME Xa", "abcdef"});
  return status.ok() ? writer.Write(SmallFormat(), {"FRAME", "ghijkl"})
                     : status;
}

class Y4mWriterTest : public ::testing::Test {
 protected:
  Y4mWriterTest()
      : root_(fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  const fs::path root_;
};

TEST_F(Y4mWriterTest, AFileIsThereWhenItIsWhole) {
  const std::string path = root_ / "a.y4m";
  const auto writer = Y4mWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(WriteTwo(**writer).ok());
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(*ReadFile(path), kStream);
}

TEST_F(Y4mWriterTest, WithoutCommitNothingIsLeft) {
  { ASSERT_TRUE(WriteTwo(**Y4mWriter::Create(root_ / "a.y4m")).ok()); }
  EXPECT_TRUE(fs::is_empty(root_));
  EXPECT_THAT(Y4mWriter::Create(root_ / "no/a.y4m").status().ToString(),
              HasSubstr("no/a.y4m"));
}

TEST_F(Y4mWriterTest, ANamedPipeStaysOne) {
  const std::string path = root_ / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = ReadFile(path).value_or("error"); });
  const auto writer = Y4mWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE(WriteTwo(**writer).ok());
  EXPECT_TRUE((*writer)->Commit().ok());
  reader.join();
  EXPECT_EQ(got, kStream);
  EXPECT_TRUE(fs::is_fifo(path));
}

TEST_F(Y4mWriterTest, NobodyReadsAnyMore) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const auto writer = Y4mWriter::ToDescriptor(ends[1], "the pipe");
  const absl::Status status = WriteTwo(*writer);
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(status.ToString(), HasSubstr("the pipe"));
}

TEST_F(Y4mWriterTest, AFullDisk) {
  const auto writer = Y4mWriter::Create("/dev/full");
  ASSERT_TRUE(writer.ok()) << writer.status();
  const absl::Status status = WriteTwo(**writer);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.ToString(), HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace fcis::data
