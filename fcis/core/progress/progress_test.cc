#include "fcis/core/progress/progress.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

TEST(DurationTextTest, LargestTwoUnits) {
  EXPECT_EQ(DurationText(absl::Seconds(-3)), "0 s");
  EXPECT_EQ(DurationText(absl::Milliseconds(59999)), "59 s");
  EXPECT_EQ(DurationText(absl::Seconds(185)), "3 min 05 s");
  EXPECT_EQ(DurationText(absl::Minutes(127)), "2 h 07 min");
}

TEST(ProgressTextTest, RateAndTimeLeft) {
  EXPECT_EQ(ProgressText("pictures", 30, 120, absl::Seconds(20)),
            "pictures  30/120  25%  1.50/s  1 min 00 s left");
  EXPECT_EQ(ProgressText("pictures", 0, 120, absl::Seconds(20)),
            "pictures  0/120  0%");
  EXPECT_EQ(ProgressText("bytes", 30, 0, absl::Seconds(20)),
            "bytes  30  1.50/s");
}

class ProgressTest : public ::testing::Test {
 protected:
  Progress::Options MakeOptions(bool tty) {
    Progress::Options options;
    options.label = "pictures";
    options.total = 10;
    options.file = file_.get();
    options.tty = tty;
    options.now = [this] { return now_; };
    return options;
  }

  std::string Written() {
    std::string text(std::ftell(file_.get()), '\0');
    std::rewind(file_.get());
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file_.get()),
              text.size());
    return text;
  }

  absl::Time now_ = absl::FromUnixSeconds(1000);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(),
                                                        std::fclose};
};

TEST_F(ProgressTest, ALogGetsALineNowAndThen) {
  {
    Progress progress(MakeOptions(/*tty=*/false));
    for (int i = 1; i <= 10; ++i) {
      now_ += absl::Seconds(4);
      progress.Update(i);
    }
  }
  EXPECT_EQ(Written(),
            "pictures  3/10  30%  0.25/s  28 s left\n"
            "pictures  6/10  60%  0.25/s  16 s left\n"
            "pictures  9/10  90%  0.25/s  4 s left\n");
}

TEST_F(ProgressTest, ATerminalGetsABarThatIsRemoved) {
  {
    Progress progress(MakeOptions(/*tty=*/true));
    now_ += absl::Seconds(1);
    progress.Update(5);
    progress.Update(6);  // too soon to be drawn
  }
  EXPECT_EQ(Written(),
            "\r\033[K[##########..........] "
            "pictures  5/10  50%  5.00/s  1 s left\r\033[K");
}

TEST_F(ProgressTest, LinesStandAboveTheBar) {
  Progress progress(MakeOptions(/*tty=*/true));
  now_ += absl::Seconds(1);
  progress.Update(5);
  progress.Print(file_.get(), "a.jpg done");
  EXPECT_THAT(Written(), HasSubstr("left\r\033[Ka.jpg done\n\r\033[K[####"));
}

}  // namespace
}  // namespace fcis
