#include "fcis/train/run/train_console.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A console that prints to a file, with a clock of its own.
class TrainConsoleTest : public ::testing::Test {
 protected:
  TrainConsole::Options Options(int64_t iterations, int64_t done,
                                int64_t every) {
    TrainConsole::Options options;
    options.file = file_;
    options.iterations = iterations;
    options.done = done;
    options.every = every;
    options.now = [this] { return now_; };
    return options;
  }
  void Advance(double seconds) { now_ += absl::Seconds(seconds); }

  // The words of each line; words within a cell are one space apart.
  std::vector<std::vector<std::string>> Rows() {
    std::fflush(file_);
    std::vector<std::vector<std::string>> rows;
    const std::string text = *ReadFile(path_);
    for (absl::string_view line :
         absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      std::vector<std::string> cells;
      for (absl::string_view cell :
           absl::StrSplit(line, "  ", absl::SkipEmpty())) {
        cells.emplace_back(absl::StripAsciiWhitespace(cell));
      }
      rows.push_back(cells);
    }
    return rows;
  }

  void SetUp() override {
    path_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    file_ = std::fopen(path_.c_str(), "w");
    ASSERT_NE(file_, nullptr);
  }
  void TearDown() override { std::fclose(file_); }

  std::string path_;
  std::FILE* file_ = nullptr;
  absl::Time now_ = absl::FromUnixSeconds(1000);
};

TEST_F(TrainConsoleTest, MeansOfEveryFewIterations) {
  TrainConsole console(Options(5, 0, 2));
  for (int i = 1; i <= 5; ++i) {
    Advance(2);
    console.Iteration(i, {{"lr", 0.1 * i}, {"loss", 10.0 * i}}, 4,
                      absl::Seconds(0.5));
  }
  EXPECT_THAT(
      Rows(),
      ElementsAre(ElementsAre("iteration", "elapsed", "lr", "loss", "images/s",
                              "data wait", "time left"),
                  ElementsAre("2", "4 s", "0.2", "15", "2.00", "25%", "6 s"),
                  ElementsAre("4", "8 s", "0.4", "35", "2.00", "25%", "2 s"),
                  ElementsAre("5", "10 s", "0.5", "50", "2.00", "25%", "0 s")));
}

TEST_F(TrainConsoleTest, TimeLeftCountsFromWhereItResumed) {
  TrainConsole console(Options(1000, 900, 10));
  for (int i = 901; i <= 910; ++i) {
    Advance(1);
    console.Iteration(i, {{"loss", 1}}, 1, absl::ZeroDuration());
  }
  EXPECT_EQ(Rows().back().back(), "1 min 30 s");
}

TEST_F(TrainConsoleTest, WhatIsNotFiniteIsLeftOut) {
  TrainConsole console(Options(3, 0, 3));
  for (const double loss : {1.0, std::nan(""), 3.0}) {
    Advance(1);
    console.Iteration(loss == 1   ? 1
                      : loss == 3 ? 3
                                  : 2,
                      {{"loss", loss}, {"acc", std::nan("")}}, 1,
                      absl::ZeroDuration());
  }
  EXPECT_THAT(Rows().back(),
              ElementsAre("3", "3 s", "2", "-", "1.00", "0%", "0 s"));
}

TEST_F(TrainConsoleTest, ANewColumnMakesANewHeader) {
  TrainConsole console(Options(9, 0, 1));
  for (int i = 1; i <= 3; ++i) {
    Advance(1);
    std::vector<std::pair<std::string, double>> values = {{"loss", 1}};
    if (i >= 2) values.emplace_back("val/ap", 0.5);
    console.Iteration(i, values, 1, absl::ZeroDuration());
  }
  console.Print("saved");
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[2][3], "val/ap");
  EXPECT_EQ(rows[4].size(), rows[2].size());
  EXPECT_THAT(rows[5], ElementsAre("saved"));
}

TEST_F(TrainConsoleTest, BarUnderTheTable) {
  ::testing::internal::CaptureStderr();
  {
    TrainConsole::Options options = Options(20, 10, 2);
    options.bar = true;
    TrainConsole console(options);
    for (int i = 11; i <= 15; ++i) {
      Advance(1);
      console.Iteration(i, {{"loss", 1}}, 1, absl::ZeroDuration());
    }
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("[##########..........] iterations  5/10  50%"));
  EXPECT_EQ(Rows().size(), 3u);
}

TEST_F(TrainConsoleTest, ColumnsAlign) {
  TrainConsole console(Options(100, 0, 1));
  for (int i = 1; i <= 62; ++i) {
    Advance(1);
    console.Iteration(i, {{"fcis_mask_loss", 1.0 / i}, {"lr", 5e-5}}, 1,
                      absl::ZeroDuration());
  }
  std::fflush(file_);
  const std::string text = *ReadFile(path_);
  const std::vector<std::string> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 65u);  // a header every 30 rows
  for (const std::string& line : lines) {
    EXPECT_EQ(line.size(), lines[0].size()) << line;
  }
  EXPECT_THAT(lines[1], HasSubstr("5e-05"));
}

}  // namespace
}  // namespace fcis::train
