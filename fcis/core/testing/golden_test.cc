#include "fcis/core/testing/golden.h"

#include <iostream>
#include <map>

#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr char kLater[] = "later:training";

TEST(MatchesPattern, DigitsAndTails) {
  EXPECT_TRUE(MatchesPattern("conv12/W", "conv#/W"));
  EXPECT_FALSE(MatchesPattern("conv/W", "conv#/W"));
  EXPECT_FALSE(MatchesPattern("conv1/Wx", "conv#/W"));
  EXPECT_TRUE(MatchesPattern("cfg/blocks", "cfg/*"));
  EXPECT_FALSE(MatchesPattern("x/cfg", "cfg/*"));
  EXPECT_TRUE(MatchesPattern("step0/grad/a/b", "step#/grad/*"));
}

// Every file that the table names is in the directory, and every array of
// every file is claimed by a test.
TEST(ParityCoverage, EveryArrayIsCompared) {
  std::map<std::string, std::vector<CoverageRow>> rows;
  for (const CoverageRow& row : ReadCoverageTable()) {
    rows[row.file].push_back(row);
  }
  ASSERT_GE(rows.size(), 19u) << "files in parity_coverage.txt";
  int later = 0;
  for (const auto& [file, claims] : rows) {
    const GoldenFile golden(file);
    EXPECT_FALSE(golden.names().empty()) << file;
    for (const std::string& name : golden.names()) {
      bool claimed = false, waiting = false;
      for (const CoverageRow& row : claims) {
        if (!MatchesPattern(name, row.pattern)) continue;
        (row.target == kLater ? waiting : claimed) = true;
      }
      EXPECT_TRUE(claimed || waiting) << file << ": no test compares " << name;
      if (!claimed && waiting) ++later;
    }
  }
  std::cout << later << " arrays wait for the training tests\n";
}

TEST(GoldenFile, ReadsAScalar) {
  EXPECT_EQ(GoldenFile("weights.npz").Get("seed").shape(), Shape());
}

}  // namespace
}  // namespace fcis
