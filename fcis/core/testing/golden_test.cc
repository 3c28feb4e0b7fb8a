#include "fcis/core/testing/golden.h"

#include <algorithm>
#include <map>

#include "gtest/gtest.h"

namespace fcis {
namespace {

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
  ASSERT_GE(rows.size(), 33u) << "files in parity_coverage.txt";
  for (const auto& [file, claims] : rows) {
    if (claims[0].optional && !HasGoldenFile(file)) continue;
    const GoldenFile golden(file);
    EXPECT_FALSE(golden.names().empty()) << file;
    for (const std::string& name : golden.names()) {
      const bool claimed = std::any_of(
          claims.begin(), claims.end(), [&](const CoverageRow& row) {
            return MatchesPattern(name, row.pattern);
          });
      EXPECT_TRUE(claimed) << file << ": no test compares " << name;
    }
  }
}

TEST(GoldenFile, ReadsAScalar) {
  EXPECT_EQ(GoldenFile("weights.npz").Get("seed").shape(), Shape());
}

}  // namespace
}  // namespace fcis
