#include "fcis/tools/run_video.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fcis/core/cli/stop_signal.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kWidth = 96, kHeight = 48, kSide = 16;
constexpr char kHeader[] =
    "YUV4MPEG2 W96 H48 F10:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL Xnote";

ModelConfig TwoClasses() {
  ModelConfig config;
  config.add_classes()->set_name("cat");
  config.add_classes()->set_name("dog");
  return config;
}

// A white square in the upper half that moves to the right by 2 pixels a frame,
// one in the lower half that moves to the left by 1, on noise.
std::string Frame(int number) {
  std::string planes(kWidth * kHeight * 3 / 2, '\x80');
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int left = y < kHeight / 2 ? 2 * number : 60 - number;
      const int top = y < kHeight / 2 ? 2 : 26;
      const bool is_square =
          x >= left && x < left + kSide && y >= top && y < top + kSide;
      planes[y * kWidth + x] =
          static_cast<char>(is_square ? 255 : (x * 7 + y * 13 + number) % 64);
    }
  }
  return planes;
}

model::Detection SquareIn(const Image& image, int y0, int label) {
  model::Detection found;
  found.label = label;
  found.score = 0.9f;
  found.box = {kWidth, kHeight, 0, 0};
  for (int y = y0; y < y0 + kHeight / 2; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      if (image.row(y)[3 * x] < 255) continue;
      found.box.x0 = std::min<float>(found.box.x0, x);
      found.box.y0 = std::min<float>(found.box.y0, y);
      found.box.x1 = std::max<float>(found.box.x1, x + 1);
      found.box.y1 = std::max<float>(found.box.y1, y + 1);
    }
  }
  found.mask =
      Tensor::FromSpan<float>({21, 21}, std::vector<float>(21 * 21, 1.0f));
  return found;
}

// Stands for the network: sees both squares, in turns the one or the other
// first.
absl::StatusOr<std::vector<model::Detection>> FindSquares(const Image& image,
                                                          model::StageTimes*) {
  model::Detection cat = SquareIn(image, 0, 1);
  model::Detection dog = SquareIn(image, kHeight / 2, 2);
  if (static_cast<int>(cat.box.x0) % 4 == 0) std::swap(cat, dog);
  return std::vector<model::Detection>{cat, dog};
}

struct Outcome {
  absl::Status status;
  std::string out, video, json;
};

class RunVideoTest : public ::testing::Test {
 protected:
  RunVideoTest()
      : root_(
            fs::path(::testing::TempDir()) /
            absl::StrCat(
                ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                getpid())) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    options_.labels = {1, 2};
    options_.paste_threshold = 0.4f;
    options_.json_path = root_ / "out.jsonl";
    options_.output_name = "out.y4m";
  }

  void AddFrames(int count) {
    std::string bytes = absl::StrCat(kHeader, "\n");
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&bytes, "FRAME Xf", i, "\n", Frame(i));
    }
    Save(bytes);
  }

  void Save(const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic(root_ / "in.y4m", bytes).ok());
  }

  Outcome Run(const eval::DetectFunction& detect = FindSquares) {
    const auto writer = data::Y4mWriter::Create(root_ / "out.y4m");
    EXPECT_TRUE(writer.ok()) << writer.status();
    return RunInto(writer->get(), detect);
  }

  Outcome RunInto(data::Y4mWriter* writer,
                  const eval::DetectFunction& detect = FindSquares) {
    const auto reader = data::Y4mReader::Open(root_ / "in.y4m");
    EXPECT_TRUE(reader.ok()) << reader.status();
    Outcome outcome;
    ::testing::internal::CaptureStdout();
    outcome.status =
        RunVideo(reader->get(), writer, options_, TwoClasses(), detect);
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.video = ReadFile(root_ / "out.y4m").value_or("");
    outcome.json = ReadFile(root_ / "out.jsonl").value_or("");
    return outcome;
  }

  const fs::path root_;
  VideoOptions options_;
};

// Of a line of JSON: track and box of the instance of a class.
struct Seen {
  int track = 0;
  double x0 = 0, x1 = 0;
};

std::vector<rapidjson::Document> Lines(const std::string& json) {
  std::vector<rapidjson::Document> lines;
  for (absl::string_view line : absl::StrSplit(json, '\n', absl::SkipEmpty())) {
    lines.emplace_back();
    lines.back().Parse(line.data(), line.size());
    EXPECT_FALSE(lines.back().HasParseError()) << line;
  }
  return lines;
}

Seen Find(const rapidjson::Document& line, absl::string_view category) {
  for (const auto& instance : line["instances"].GetArray()) {
    if (instance["category"].GetString() != category) continue;
    const auto& bbox = instance["bbox"];
    return {instance["track"].GetInt(), bbox[0].GetDouble(),
            bbox[0].GetDouble() + bbox[2].GetDouble()};
  }
  return {};
}

TEST_F(RunVideoTest, IdsStayOverTheFrames) {
  AddFrames(20);
  const Outcome outcome = Run();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("frames done: 20; tracks: 1 cat, 1 dog; "),
                    HasSubstr("frames/s; written: out.y4m")));
  const auto lines = Lines(outcome.json);
  ASSERT_EQ(lines.size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(lines[i]["frame"].GetInt(), i);
    EXPECT_DOUBLE_EQ(lines[i]["time"].GetDouble(), i / 10.0);
    EXPECT_TRUE(lines[i]["detected"].GetBool());
    EXPECT_EQ(Find(lines[i], "cat").track, Find(lines[0], "cat").track);
    EXPECT_EQ(Find(lines[i], "dog").track, Find(lines[0], "dog").track);
    EXPECT_EQ(Find(lines[i], "cat").x0, 2 * i);
  }
}

// Headers stay; pixels that have nothing near them stay bit for bit.
TEST_F(RunVideoTest, WhatIsNotDrawnOnStays) {
  AddFrames(2);
  options_.labels = {2};  // the lower square
  const std::string drawn = Run().video;
  const std::string before = *ReadFile(root_ / "in.y4m");
  ASSERT_EQ(drawn.size(), before.size());
  EXPECT_NE(drawn, before);
  const size_t begin = std::string(kHeader).size() + 1;
  EXPECT_EQ(drawn.substr(0, begin), before.substr(0, begin));
  const size_t planes = begin + std::string("FRAME Xf0\n").size();
  EXPECT_EQ(drawn.substr(begin, planes - begin), "FRAME Xf0\n");
  // The label lies above the box, which begins at y = 26.
  const size_t untouched = size_t{10} * kWidth;
  EXPECT_EQ(drawn.substr(planes, untouched), before.substr(planes, untouched));
  options_.labels = {};
  EXPECT_EQ(Run().video, before);
}

TEST_F(RunVideoTest, BetweenFramesOfTheNetworkInstancesMoveOn) {
  AddFrames(12);
  options_.every = 3;
  std::atomic<int> calls{0};
  const Outcome outcome = Run([&](const Image& image, model::StageTimes* t) {
    ++calls;
    return FindSquares(image, t);
  });
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(calls, 4);
  const auto lines = Lines(outcome.json);
  ASSERT_EQ(lines.size(), 12u);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(lines[i]["detected"].GetBool(), i % 3 == 0) << i;
    // Before its second sighting it stays where it was.
    const int x = i < 3 ? 0 : 2 * i;
    EXPECT_EQ(Find(lines[i], "cat").x0, x) << i;
    EXPECT_EQ(Find(lines[i], "cat").x1, x + kSide) << i;
    EXPECT_EQ(Find(lines[i], "dog").track, Find(lines[0], "dog").track);
  }
}

TEST_F(RunVideoTest, FramesAtOnceGiveTheSameFiles) {
  AddFrames(12);
  for (int every : {1, 3}) {
    options_.every = every;
    options_.frames_at_once = 1;
    const Outcome one = Run();
    for (int at_once : {2, 5}) {
      options_.frames_at_once = at_once;
      std::atomic<int> calls{0};
      const Outcome many = Run([&](const Image& image, model::StageTimes* t) {
        // The first ones take longest.
        if (calls++ < 2) absl::SleepFor(absl::Milliseconds(20));
        return FindSquares(image, t);
      });
      EXPECT_TRUE(many.status.ok()) << many.status;
      EXPECT_TRUE(many.video == one.video);
      EXPECT_EQ(many.json, one.json);
    }
  }
}

TEST_F(RunVideoTest, WhatWasWholeIsKeptOfAStreamThatBreaksOff) {
  AddFrames(3);
  const std::string bytes = *ReadFile(root_ / "in.y4m");
  Save(bytes.substr(0, bytes.size() - 1));
  const Outcome outcome = Run();
  EXPECT_THAT(outcome.status.ToString(),
              AllOf(HasSubstr("in.y4m: frame 2 breaks off"),
                    HasSubstr("; frames done before it: 2")));
  EXPECT_EQ(Lines(outcome.json).size(), 2u);
  EXPECT_THAT(outcome.video, HasSubstr("FRAME Xf1"));
}

TEST_F(RunVideoTest, AFrameThatCannotBeDetectedInEndsIt) {
  for (int at_once : {1, 3}) {
    AddFrames(6);
    options_.frames_at_once = at_once;
    const Outcome outcome =
        Run([](const Image& image, model::StageTimes* t)
                -> absl::StatusOr<std::vector<model::Detection>> {
          if (SquareIn(image, 0, 1).box.x0 == 2 * 3) {
            return absl::InternalError("no device");
          }
          return FindSquares(image, t);
        });
    EXPECT_THAT(outcome.status.ToString(),
                AllOf(HasSubstr("in.y4m: frame 3: no device"),
                      HasSubstr("; frames done before it: 3")));
    EXPECT_EQ(Lines(outcome.json).size(), 3u);
  }
}

TEST_F(RunVideoTest, WithoutFramesNothingIsWritten) {
  AddFrames(0);
  EXPECT_THAT(Run().status.ToString(),
              AllOf(HasSubstr("no frames in"), HasSubstr("in.y4m")));
  Save(absl::StrCat(kHeader, "\nFRAME\nabc"));
  EXPECT_THAT(Run().status.ToString(), HasSubstr("frame 0 breaks off"));
  EXPECT_FALSE(fs::exists(root_ / "out.y4m"));
  EXPECT_FALSE(fs::exists(root_ / "out.jsonl"));
}

TEST_F(RunVideoTest, WhoReadsThePipeMayLeave) {
  std::signal(SIGPIPE, SIG_IGN);
  AddFrames(3);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const auto writer = data::Y4mWriter::ToDescriptor(ends[1], "pipe");
  const Outcome outcome = RunInto(writer.get());
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.out, "");
}

TEST_F(RunVideoTest, AFullDiskIsAnError) {
  AddFrames(3);
  const auto writer = data::Y4mWriter::Create("/dev/full");
  EXPECT_THAT(RunInto(writer->get()).status.ToString(),
              HasSubstr("/dev/full: No space left"));
}

using RunVideoDeathTest = RunVideoTest;

// In a process of its own: signals are not taken back.
TEST_F(RunVideoDeathTest, AStopSignalFinishesTheFiles) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  AddFrames(10);
  const auto run = [&] {
    InstallStopSignals(nullptr);
    const Outcome outcome = Run([&](const Image& image, model::StageTimes* t) {
      if (SquareIn(image, 0, 1).box.x0 == 2 * 3) std::raise(SIGINT);
      return FindSquares(image, t);
    });
    const size_t frames = Lines(outcome.json).size();
    const bool is_right =
        outcome.status.ok() && frames >= 4 && frames < 10 &&
        absl::StartsWith(outcome.out, "stopped by SIGINT; ") &&
        !absl::StrContains(outcome.video, absl::StrCat("FRAME Xf", frames)) &&
        absl::StrContains(outcome.video, absl::StrCat("FRAME Xf", frames - 1));
    _exit(is_right ? 0 : 1);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fcis::tools
