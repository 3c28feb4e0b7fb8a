#include "fcis/train/run/tensorboard_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "fcis/core/io/file.h"
#include "fcis/train/run/event.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using tensorboard::Event;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace fs = std::filesystem;

std::string NewDirectory(absl::string_view name) {
  const fs::path path = fs::path(::testing::TempDir()) / std::string(name);
  fs::remove_all(path);
  fs::create_directories(path);
  return path.string();
}

std::vector<std::string> Names(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The records of a TFRecord file; their checksums are left to the test below.
std::vector<Event> Events(absl::string_view bytes) {
  std::vector<Event> events;
  while (!bytes.empty()) {
    uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    Event event;
    EXPECT_TRUE(
        event.ParseFromArray(bytes.data() + 12, static_cast<int>(length)));
    events.push_back(event);
    bytes.remove_prefix(length + 16);
  }
  return events;
}

TEST(TensorBoardFile, HoldsVersionStartAndScalars) {
  const std::string directory = NewDirectory("scalars");
  const absl::Time now = absl::FromUnixMillis(1'700'000'000'250);
  auto file = TensorBoardFile::Create(directory, 40, now);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Write(41, {{"loss", 0.1}, {"val/ap", 1e300}}, now).ok());
  const std::vector<std::string> names = Names(directory);
  ASSERT_EQ(names.size(), 1u);
  EXPECT_THAT(names[0], StartsWith("events.out.tfevents.1700000000."));

  const std::vector<Event> events =
      Events(*ReadFile(directory + "/" + names[0]));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_EQ(events[1].session_log().status(), tensorboard::SessionLog::START);
  EXPECT_EQ(events[1].step(), 41);
  EXPECT_EQ(events[2].wall_time(), 1'700'000'000.25);
  EXPECT_EQ(events[2].step(), 41);
  ASSERT_EQ(events[2].summary().value_size(), 2);
  EXPECT_EQ(events[2].summary().value(0).tag(), "loss");
  EXPECT_EQ(events[2].summary().value(0).simple_value(), 0.1f);
}

// The bytes that TensorFlow 2 writes for this event: the version record that
// every one of its files begins with, but for the time.
TEST(TensorBoardFile, FramesAsTensorFlow) {
  const std::string directory = NewDirectory("frames");
  ASSERT_TRUE(
      TensorBoardFile::Create(directory, 0, absl::FromUnixSeconds(1)).ok());
  const std::string bytes =
      *ReadFile(directory + "/" + Names(directory).front());
  const char expected[] =
      "\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22"
      "\x09\0\0\0\0\0\0\xf0\x3f\x1a\x0d"
      "brain.Event:2";
  EXPECT_EQ(bytes.substr(0, 36), std::string(expected, sizeof expected - 1));
}

TEST(TensorBoardFile, ALaterFileHasALaterName) {
  const std::string directory = NewDirectory("names");
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(TensorBoardFile::Create(directory, i, now).ok());
    const std::vector<std::string> names = Names(directory);
    ASSERT_EQ(names.size(), static_cast<size_t>(i) + 1);
    EXPECT_EQ(Events(*ReadFile(directory + "/" + names.back())).back().step(),
              i + 1);
  }
  EXPECT_THAT(TensorBoardFile::Create("/no/such", 0).status().message(),
              HasSubstr("/no/such"));
}

TEST(Crc32c, PublishedValues) {  // RFC 3720, appendix B.4
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

}  // namespace
}  // namespace fcis::train
