#include "fcis/train/run/log_table.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;

constexpr size_t kRows = 1000;

std::string Line(int iteration, double loss) {
  return absl::StrCat("{\"iteration\":", iteration,
                      ",\"epoch\":", iteration / 4.0, ",\"loss\":", loss,
                      ",\"elapsed_s\":", iteration * 2.0, "}\n");
}

TEST(LogTableTest, ARowForEachIterationWhereThereAreFew) {
  LogTable table(kRows);
  EXPECT_EQ(table.num_rows(), 0u);
  EXPECT_TRUE(table.Add(Line(1, 3)));
  EXPECT_TRUE(table.Add(Line(2, 4)));
  EXPECT_TRUE(table.Add("{\"iteration\":3,\"loss\":null,\"new\":7}"));
  EXPECT_THAT(table.columns(),
              ElementsAre("iteration", "epoch", "loss", "elapsed_s", "new"));
  EXPECT_EQ(table.num_rows(), 3u);
  EXPECT_EQ(table.whole_rows(), 3u);
  EXPECT_EQ(table.At(1, 0), 2);
  EXPECT_EQ(table.At(1, 2), 4);
  EXPECT_TRUE(std::isnan(table.At(1, 4)));
  EXPECT_TRUE(std::isnan(table.At(2, 2)));
  EXPECT_EQ(table.At(2, 4), 7);
}

TEST(LogTableTest, WhatIsNoLineChangesNothing) {
  LogTable table(kRows);
  for (const char* line :
       {"", "{}", "{\"iteration\":1,\"loss\":0.", "{\"iteration\":1,\"lo",
        "[1]", "{\"loss\":1,\"iteration\":2}", "{\"iteration\":1} x",
        "{\"iteration\":1e300,\"validation_ap\":0.5}", "{\"iteration\":-1}",
        "{\"iteration\":NaN}"}) {
    EXPECT_FALSE(table.Add(line)) << line;
  }
  EXPECT_EQ(table.num_rows(), 0u);
}

TEST(LogTableTest, LongRunsHaveRowsOfMeans) {
  LogTable table(kRows);
  const int iterations = 5 * static_cast<int>(kRows) + 3;
  for (int i = 1; i <= iterations; ++i) {
    ASSERT_TRUE(table.Add(Line(i, i % 4 == 0 ? 8 : 0)));
    ASSERT_LE(table.num_rows(), 2 * kRows);
  }
  EXPECT_EQ(table.stride(), 4);
  EXPECT_EQ(table.num_rows(), 1251u);
  EXPECT_EQ(table.whole_rows(), 1250u);
  EXPECT_EQ(table.At(7, 0), 32);  // the last of its iterations
  EXPECT_EQ(table.At(7, 2), 2);   // the mean of their losses
  EXPECT_EQ(table.At(1250, 0), iterations);
  EXPECT_EQ(table.At(1250, 2), 0);
}

TEST(LogTableTest, ValidationsStandApart) {
  LogTable table(kRows);
  table.Add(Line(4, 1));
  EXPECT_TRUE(
      table.Add("{\"iteration\":4,\"validation_ap\":0.25,"
                "\"validation_ap50\":0.5}"));
  EXPECT_EQ(table.num_rows(), 1u);
  ASSERT_EQ(table.validations().size(), 1u);
  EXPECT_EQ(table.validations()[0].iteration, 4);
  EXPECT_EQ(table.validations()[0].epoch, 1);
  EXPECT_EQ(table.validations()[0].elapsed_s, 8);
  EXPECT_EQ(table.validations()[0].ap, .25);
  EXPECT_EQ(table.validations()[0].ap50, .5);
}

TEST(LogTableTest, TimeGoesOnOverStartsOfTheProgram) {
  LogTable table(kRows);
  for (const int i : {1, 2, 3}) table.Add(Line(i, 1));  // 6 s
  table.Add("{\"iteration\":4,\"elapsed_s\":1.5}");
  table.Add("{\"iteration\":5,\"elapsed_s\":3}");
  table.Add("{\"iteration\":6,\"elapsed_s\":0.5}");
  EXPECT_EQ(table.At(3, 3), 7.5);
  EXPECT_EQ(table.At(4, 3), 9);
  EXPECT_EQ(table.At(5, 3), 9.5);
}

}  // namespace
}  // namespace fcis::train
