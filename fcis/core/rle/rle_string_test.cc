#include "fcis/core/rle/rle_string.h"

#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Error(int height, int width, absl::string_view text) {
  const absl::StatusOr<Rle> rle = ParseRleCounts(height, width, text);
  EXPECT_EQ(rle.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(rle.status().message());
}

// Recorded from pycocotools 2.0.11.
TEST(RleStringTest, KnownStrings) {
  const struct {
    std::vector<uint32_t> counts;
    const char* text;
  } cases[] = {
      {{}, ""},
      {{0}, "0"},
      {{2, 1}, "21"},
      {{1, 16, 2}, "1`02"},
      {{18, 9, 3, 6, 22, 15, 3, 2, 3, 3, 33, 2, 1}, "b093Mc09]OC01n0OPO"},
      {{25272, 48847, 38404, 2425}, "heh0_f_1T`U1ZebN"},
      {{1452516352, 2147483648u}, "PPYWY[1PPPPPP2"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(RleCountsToString(c.counts), c.text);
    const absl::StatusOr<Rle> rle = ParseRleCounts(65535, 65537, c.text);
    ASSERT_TRUE(rle.ok()) << rle.status();
    EXPECT_EQ(rle->counts, c.counts) << c.text;
    EXPECT_EQ(rle->height, 65535);
    EXPECT_EQ(rle->width, 65537);
  }
}

TEST(RleStringTest, AcceptsNeedlessGroups) {
  EXPECT_THAT(ParseRleCounts(1, 9, "TPPPPP0Q0")->counts, ElementsAre(4, 1));
}

TEST(RleStringTest, RandomRunsReturn) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::vector<uint32_t> counts;
    // Runs of all magnitudes, neighbours of very different size.
    for (uint64_t left = 4294967295u; left > 0 && counts.size() < 40;) {
      const uint64_t most = std::min(left, uint64_t{1} << (random() % 33));
      counts.push_back(static_cast<uint32_t>(random() % (most + 1)));
      left -= counts.back();
    }
    const std::string text = RleCountsToString(counts);
    const absl::StatusOr<Rle> rle = ParseRleCounts(65535, 65537, text);
    ASSERT_TRUE(rle.ok()) << rle.status() << " " << text;
    EXPECT_EQ(rle->counts, counts);
  }
}

TEST(RleStringTest, CorruptStrings) {
  EXPECT_THAT(Error(9, 9, "3P"),
              HasSubstr("counts end at byte 2 within a number"));
  EXPECT_THAT(Error(9, 9, "12/"), HasSubstr("byte 2 of counts is 47"));
  EXPECT_THAT(Error(9, 9, "1Pp"), HasSubstr("byte 2 of counts is 112"));
  EXPECT_THAT(Error(9, 9, absl::string_view("1\0", 2)),
              HasSubstr("byte 1 of counts is 0"));
  EXPECT_THAT(Error(9, 9, "\xff"), HasSubstr("byte 0 of counts is 255"));
  EXPECT_THAT(Error(9, 9, "1PPPPPPP0"),
              HasSubstr("number at byte 1 of counts has more than 7 groups"));
  EXPECT_THAT(Error(9, 9, "1O"), HasSubstr("run 1 of counts has length -1"));
  EXPECT_THAT(Error(9, 9, "111N"), HasSubstr("run 3 of counts has length -1"));
  EXPECT_THAT(Error(1, 2, "f01"),
              HasSubstr("runs 0 to 0 cover 22 pixels, expected at most 1 x 2"));
  EXPECT_THAT(Error(65536, 65536, "1"), HasSubstr("fewer than 2^32 pixels"));
  EXPECT_THAT(Error(-1, 2, ""), HasSubstr("[-1, 2]"));
  // Seven groups of which the sum passes 2^32.
  EXPECT_THAT(Error(65535, 65537, "oooooo3oooooo3"),
              HasSubstr("cover 8589934590 pixels"));
}

// Runs of all lengths, whole and damaged: each way gives the same runs, or the
// same error.
TEST(RleStringTest, AllWaysAgree) {
  std::mt19937 random(7);
  const auto below = [&](uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random);
  };
  constexpr int kHeight = 3000, kWidth = 4000;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint32_t> runs(1 + below(70));
    for (uint32_t& run : runs) run = below(1u << (1 + below(16)));
    std::string text = RleCountsToString(runs);
    if (i % 2 == 1) text[below(text.size())] = static_cast<char>(below(256));
    std::vector<uint32_t> want, got;
    RunSums sums;
    const absl::Status plain =
        ParseRleCounts(RleReading::kPlain, kHeight, kWidth, text, want, &sums);
    if (i % 2 == 0) {
      ASSERT_EQ(want, runs) << text;
    }
    for (const RleReading way : {RleReading::kAvx2, RleReading::kAvx512}) {
      if (!CanRead(way)) continue;
      ASSERT_EQ(ParseRleCounts(way, kHeight, kWidth, text, got, &sums), plain)
          << text;
      if (plain.ok()) {
        ASSERT_EQ(got, want) << text;
        const RunSums expected = SumRuns(want);
        ASSERT_EQ(sums.area, expected.area) << text;
        ASSERT_EQ(sums.end, expected.end) << text;
        ASSERT_EQ(sums.has_empty, expected.has_empty) << text;
      }
    }
  }
}

TEST(RleStringTest, ReusesMemory) {
  std::vector<uint32_t> counts(100, 7);
  const uint32_t* memory = counts.data();
  RunSums sums;
  ASSERT_TRUE(ParseRleCounts(3, 4, "1`0", counts, &sums).ok() == false);
  ASSERT_TRUE(ParseRleCounts(3, 4, "39", counts, &sums).ok());
  EXPECT_THAT(counts, ElementsAre(3, 9));
  EXPECT_EQ(counts.data(), memory);
  ASSERT_TRUE(ParseRleCounts(3, 4, "", counts, &sums).ok());
  EXPECT_THAT(counts, IsEmpty());
}

}  // namespace
}  // namespace fcis
