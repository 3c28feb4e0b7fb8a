#include "fcis/eval/coco/cell_matcher.h"

#include <limits>
#include <random>
#include <vector>

#include "fcis/eval/coco/options.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

struct Cell {
  std::vector<TruthObject> objects;
  std::vector<uint8_t> ignored;
  std::vector<std::vector<Overlap>> overlaps;
};
constexpr uint32_t kFirst = 7;

// IoUs of a few values, so that many are equal; few are no number.
Cell RandomCell(std::mt19937_64& random) {
  Cell cell;
  cell.objects.resize(1 + random() % 4);
  for (TruthObject& object : cell.objects) {
    object.crowd = random() % 8 == 0;
    object.unmatchable = random() % 8 == 0;
    cell.ignored.push_back(object.crowd || random() % 4 == 0);
  }
  cell.overlaps.resize(1 + random() % 6);
  for (std::vector<Overlap>& overlaps : cell.overlaps) {
    for (uint32_t g = 0; g < cell.objects.size(); ++g) {
      if (random() % 2 == 0) continue;
      const double iou = random() % 20 == 0
                             ? std::numeric_limits<double>::quiet_NaN()
                             : static_cast<double>(random() % 11) / 10;
      overlaps.push_back({kFirst + g, iou});
    }
  }
  return cell;
}

enum class Outcome { kWrong, kCorrect, kIgnored };

// evaluateImg's loop, with its objects in order: those that count first.
std::vector<Outcome> MatchPlainly(const Cell& cell, double threshold) {
  std::vector<size_t> order;
  for (const bool ignored : {false, true}) {
    for (size_t g = 0; g < cell.objects.size(); ++g) {
      if (static_cast<bool>(cell.ignored[g]) == ignored) order.push_back(g);
    }
  }
  std::vector<bool> used(cell.objects.size());
  std::vector<Outcome> outcomes;
  for (const std::vector<Overlap>& overlaps : cell.overlaps) {
    double best = MatchThreshold(threshold);
    int found = -1;
    for (const size_t g : order) {
      if (used[g] && !cell.objects[g].crowd) continue;
      if (found >= 0 && !cell.ignored[static_cast<size_t>(found)] &&
          cell.ignored[g]) {
        break;
      }
      for (const Overlap& overlap : overlaps) {
        if (overlap.object != kFirst + g || overlap.iou < best) continue;
        best = overlap.iou;
        found = static_cast<int>(g);
      }
    }
    const auto g = static_cast<size_t>(found);
    if (found >= 0) used[g] = true;
    outcomes.push_back(found < 0                     ? Outcome::kWrong
                       : cell.ignored[g]             ? Outcome::kIgnored
                       : cell.objects[g].unmatchable ? Outcome::kWrong
                                                     : Outcome::kCorrect);
  }
  return outcomes;
}

TEST(CellMatcherTest, EqualsTheLoopAtEachThreshold) {
  std::mt19937_64 random(11);
  const std::vector<double> thresholds = {.5, .95, .1, .7, 1};
  CellMatcher matcher(thresholds);
  for (int i = 0; i < 5000; ++i) {
    const Cell cell = RandomCell(random);
    const std::vector<absl::Span<const Overlap>> overlaps(cell.overlaps.begin(),
                                                          cell.overlaps.end());
    std::vector<Verdict> verdicts(overlaps.size());
    matcher.Match(cell.objects, kFirst, cell.ignored, overlaps,
                  absl::MakeSpan(verdicts));
    for (size_t t = 0; t < thresholds.size(); ++t) {
      const std::vector<Outcome> expected = MatchPlainly(cell, thresholds[t]);
      for (size_t d = 0; d < verdicts.size(); ++d) {
        const Outcome outcome = verdicts[d].correct >> t & 1 ? Outcome::kCorrect
                                : verdicts[d].ignored >> t & 1
                                    ? Outcome::kIgnored
                                    : Outcome::kWrong;
        ASSERT_EQ(outcome, expected[d]) << "cell " << i << ", detection " << d;
      }
    }
  }
}

TEST(CellMatcherTest, SixtyFourThresholds) {
  const std::vector<double> thresholds = Linspace(0, 1, 63);
  CellMatcher matcher(thresholds);
  const std::vector<TruthObject> cell(1);
  const Overlap overlap = {kFirst, .5};
  Verdict verdict;
  matcher.Match(cell, kFirst, {0}, {absl::MakeConstSpan(&overlap, 1)},
                absl::MakeSpan(&verdict, 1));
  EXPECT_EQ(verdict.correct, (uint64_t{1} << 32) - 1);
}

}  // namespace
}  // namespace fcis::eval
