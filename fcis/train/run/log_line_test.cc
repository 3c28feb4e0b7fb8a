#include "fcis/train/run/log_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(LogLineTest, NumbersInTheirOrder) {
  EXPECT_THAT(
      *ReadLogLine(R"({"iteration": 3, "loss": null, "lr": 1e-4, "a": "b"})"),
      ElementsAre(Pair("iteration", 3), Pair("lr", 1e-4)));
}

TEST(LogLineTest, NoLineOfALog) {
  for (const char* line :
       {"", "[1]", "{}", R"({"loss": 1})", R"({"loss": 1, "iteration": 1})",
        R"({"iteration": 3, "lo)", R"({"iteration": 3} {)"}) {
    EXPECT_FALSE(ReadLogLine(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace fcis::train
