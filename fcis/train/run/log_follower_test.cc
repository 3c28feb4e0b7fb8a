#include "fcis/train/run/log_follower.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

class LogFollowerTest : public ::testing::Test {
 protected:
  LogFollowerTest() : path_(::testing::TempDir() + "/log.jsonl") {
    std::filesystem::remove(path_);
  }
  void Write(const std::string& text) const {
    ASSERT_TRUE(WriteFileAtomic(path_, text).ok());
  }
  std::string path_;
};

std::string Lines(int from, int to, int loss) {
  std::string lines;
  for (int i = from; i <= to; ++i) {
    absl::StrAppend(&lines, "{\"iteration\":", i, ",\"loss\":", loss, "}\n");
  }
  return lines;
}

TEST_F(LogFollowerTest, TakesLinesOnceTheyAreWhole) {
  LogFollower log(path_, 1000);
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.table().num_rows(), 0u);
  Write(Lines(1, 2, 5) + "{\"iteration\":3,\"lo");
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.table().num_rows(), 2u);
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.table().num_rows(), 2u);
  Write(Lines(1, 4, 5));
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.table().num_rows(), 4u);
  EXPECT_EQ(log.table().At(3, 0), 4);
  EXPECT_EQ(log.bad_lines(), 0);
  EXPECT_EQ(log.beginnings(), 0);
}

TEST_F(LogFollowerTest, BeginsAnewWhereTheLogWasCut) {
  LogFollower log(path_, 1000);
  Write(Lines(1, 9, 5));
  ASSERT_TRUE(log.Update().ok());
  Write(Lines(1, 4, 5));
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.table().num_rows(), 4u);
  EXPECT_EQ(log.beginnings(), 1);
  // Cut, and longer again by the next look at it.
  Write(Lines(1, 2, 5) + Lines(3, 9, 7));
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.beginnings(), 2);
  EXPECT_EQ(log.table().num_rows(), 9u);
  EXPECT_EQ(log.table().At(3, 1), 7);
  std::filesystem::remove(path_);
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.table().num_rows(), 0u);
}

TEST_F(LogFollowerTest, ReadsLongLogsAndCountsBadLines) {
  LogFollower log(path_, 1000);
  Write(Lines(1, 60000, 5) + "damaged\n\n" + Lines(60001, 60002, 6));
  ASSERT_GT(std::filesystem::file_size(path_), 1u << 20);
  ASSERT_TRUE(log.Update().ok());
  EXPECT_EQ(log.bad_lines(), 2);
  EXPECT_EQ(log.table().At(log.table().num_rows() - 1, 0), 60002);
}

TEST_F(LogFollowerTest, WhatCannotBeReadIsNamed) {
  LogFollower log(path_ + "/below", 1000);
  Write("");
  EXPECT_EQ(log.Update().message(),
            absl::StrCat("cannot read ", path_, "/below: Not a directory"));
}

}  // namespace
}  // namespace fcis::train
