#include "fcis/data/video/y4m_reader.h"

#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Frames of 6 bytes.
constexpr char kHeader[] = "YUV4MPEG2 W2 H2 F25:1 C420jpeg\n";

struct Outcome {
  std::vector<VideoFrame> frames;
  absl::Status status;  // of the header or the last frame
};

Outcome ReadAll(const std::string& path) {
  Outcome outcome;
  auto reader = Y4mReader::Open(path);
  outcome.status = reader.status();
  while (outcome.status.ok()) {
    absl::StatusOr<std::optional<VideoFrame>> frame = (*reader)->Next();
    outcome.status = frame.status();
    if (!frame.ok() || !frame->has_value()) break;
    outcome.frames.push_back(**frame);
  }
  return outcome;
}

Outcome ReadBytes(const std::string& bytes) {
  return ReadAll(MemoryFile(bytes).path());
}

TEST(Y4mReaderTest, FramesAndTheirHeaders) {
  // Planes may hold anything.
  const Outcome outcome = ReadBytes(
      absl::StrCat(kHeader, "FRAME\nab\ndef", "FRAME Xnote Ip\nFRAME\n"));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_EQ(outcome.frames.size(), 2u);
  EXPECT_EQ(outcome.frames[0].header, "FRAME");
  EXPECT_EQ(outcome.frames[0].planes, "ab\ndef");
  EXPECT_EQ(outcome.frames[1].header, "FRAME Xnote Ip");
  EXPECT_EQ(outcome.frames[1].planes, "FRAME\n");
}

TEST(Y4mReaderTest, LinesAreLimited) {
  std::string header = "YUV4MPEG2 W2 H2 F25:1 C420jpeg X";
  header.resize(kMaxY4mLine, 'x');
  const std::string frame = "\nFRAME\nabcdef";
  EXPECT_EQ(ReadBytes(header + frame).frames.size(), 1u);
  const Outcome longer = ReadBytes(header + "x" + frame);
  EXPECT_THAT(longer.status.message(), HasSubstr("does not begin with FRAME"));
  EXPECT_TRUE(longer.frames.empty());
}

TEST(Y4mReaderTest, FramesLargerThanTheBuffer) {
  const std::string header = "YUV4MPEG2 W1000 H1000 Cmono\n";
  std::string bytes = header;
  std::vector<std::string> planes;
  for (char fill : {'a', 'b', 'c'}) {
    planes.emplace_back(1000000, fill);
    absl::StrAppend(&bytes, "FRAME\n", planes.back());
  }
  const MemoryFile file(bytes);
  EXPECT_EQ((*Y4mReader::Open(file.path()))->NumFrames(), 3);
  const Outcome outcome = ReadAll(file.path());
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_EQ(outcome.frames.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome.frames[i].planes, planes[i]);
}

TEST(Y4mReaderTest, FromAPipeInPieces) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string bytes = absl::StrCat(kHeader, "FRAME\nabcdefFRAME\nghijkl");
  std::thread writer([&] {
    for (char c : bytes) {
      ASSERT_EQ(write(ends[1], &c, 1), 1);
      absl::SleepFor(absl::Milliseconds(1));  // The reader is there first.
    }
    close(ends[1]);
  });
  const std::string path = absl::StrCat("/dev/fd/", ends[0]);
  const auto reader = Y4mReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->NumFrames(), 0);
  EXPECT_EQ((*(*reader)->Next())->planes, "abcdef");
  EXPECT_EQ((*(*reader)->Next())->planes, "ghijkl");
  EXPECT_FALSE((*reader)->Next()->has_value());
  writer.join();
  close(ends[0]);
}

TEST(Y4mReaderTest, HeaderAlone) {
  const Outcome outcome = ReadBytes(kHeader);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_TRUE(outcome.frames.empty());
}

// What was whole before it is there.
TEST(Y4mReaderTest, AStreamThatBreaksOff) {
  const std::string whole = absl::StrCat(kHeader, "FRAME\nabcdef");
  Outcome outcome = ReadBytes(absl::StrCat(whole, "FRAME\nabc"));
  EXPECT_EQ(outcome.frames.size(), 1u);
  EXPECT_THAT(outcome.status.ToString(),
              AllOf(HasSubstr("frame 1 breaks off: 3 bytes, expected 6")));
  outcome = ReadBytes(absl::StrCat(whole, "FRA"));
  EXPECT_EQ(outcome.frames.size(), 1u);
  EXPECT_THAT(outcome.status.ToString(), HasSubstr("frame 1 does not begin"));
  outcome = ReadBytes(absl::StrCat(whole, "\n"));
  EXPECT_THAT(outcome.status.ToString(), HasSubstr("frame 1 does not begin"));
}

TEST(Y4mReaderTest, WhatIsNoFrameHeader) {
  for (const char* header : {"FRAMES", "frame", "YUV4MPEG2"}) {
    const Outcome outcome =
        ReadBytes(absl::StrCat(kHeader, header, "\nabcdef"));
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kDataLoss);
  }
  const Outcome outcome = ReadBytes(
      absl::StrCat(kHeader, "FRAME X", std::string(1 << 20, 'a'), "\nabcdef"));
  EXPECT_FALSE(outcome.status.ok());
}

TEST(Y4mReaderTest, OtherVideosAreNamedWithTheWayToReadThem) {
  const MemoryFile mp4(
      {"\0\0\0\x20"
       "ftypisom\0\0\2\0",
       16});
  EXPECT_THAT(ReadAll(mp4.path()).status.ToString(),
              AllOf(HasSubstr(mp4.path()), HasSubstr("an MP4 or QuickTime"),
                    HasSubstr(absl::StrCat("ffmpeg -i '", mp4.path(),
                                           "' -f yuv4mpegpipe")),
                    HasSubstr("| demo --video -")));
  EXPECT_THAT(ReadBytes("hello\n").status.ToString(),
              HasSubstr("is not YUV4MPEG2"));
  EXPECT_THAT(ReadBytes("").status.ToString(), HasSubstr("is empty"));
  EXPECT_THAT(ReadAll("/nowhere/a.y4m").status.ToString(),
              HasSubstr("/nowhere/a.y4m"));
  EXPECT_THAT(ReadAll("/tmp").status.ToString(), HasSubstr("/tmp"));
}

TEST(Y4mReaderTest, ErrorsOfTheHeaderNameTheFile) {
  const MemoryFile file("YUV4MPEG2 W2 H2 C411\n");
  EXPECT_THAT(ReadAll(file.path()).status.ToString(),
              AllOf(HasSubstr(file.path()), HasSubstr("C411")));
  EXPECT_THAT(
      Y4mReader::Open(MemoryFile(kHeader).path(), 3).status().ToString(),
      HasSubstr("at most 3"));
}

// A pipe with a frame and the beginning of another, which stays open.
TEST(Y4mReaderTest, AnIdlePipeIsLeft) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string bytes = absl::StrCat(kHeader, "FRAME\nabcdef", "FRAME\ng");
  ASSERT_EQ(write(ends[1], bytes.data(), bytes.size()), bytes.size());
  int asked = 0;
  const auto reader =
      Y4mReader::Open(absl::StrCat("/proc/self/fd/", ends[0]),
                      kDefaultMaxPixels, [&] { return ++asked > 3; });
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((**(*reader)->Next()).planes, "abcdef");
  EXPECT_LE(asked, 2);
  EXPECT_THAT((*reader)->Next().status().message(),
              HasSubstr("frame 1 breaks off: 1 bytes, expected 6"));
  EXPECT_EQ(asked, 4);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace fcis::data
