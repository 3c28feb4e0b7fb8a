#include "fcis/core/rle/rle_runs.h"

#include <array>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;

using Part = std::array<uint32_t, 3>;

std::vector<Part> PartsOf(const Rle& rle) {
  std::vector<Part> parts;
  ForEachColumnRun(rle, [&](uint32_t x, uint32_t y0, uint32_t y1) {
    parts.push_back({x, y0, y1});
  });
  return parts;
}

TEST(ForEachColumnRunTest, SplitsRunsAtColumns) {
  // Across two borders, and one that ends at the last pixel.
  EXPECT_THAT(
      PartsOf({3, 4, {1, 6, 2, 3}}),
      ElementsAre(Part{0, 1, 3}, Part{1, 0, 3}, Part{2, 0, 1}, Part{3, 0, 3}));
}

TEST(ForEachColumnRunTest, EmptyRunsHaveNoParts) {
  EXPECT_THAT(PartsOf({4, 2, {1, 0, 1, 1, 0, 1}}),
              ElementsAre(Part{0, 2, 3}, Part{0, 3, 4}));
  EXPECT_THAT(PartsOf({0, 5, {0, 0}}), ElementsAre());
  EXPECT_THAT(PartsOf({2, 2, {}}), ElementsAre());
}

TEST(RunWriterTest, JoinsWhatTouches) {
  std::vector<uint32_t> counts;
  RunWriter writer(counts);
  writer.Add(0, 2);
  writer.Add(2, 3);
  writer.Add(5, 6);
  writer.Finish(8);
  EXPECT_THAT(counts, ElementsAre(0, 3, 2, 1, 2));
}

TEST(RunWriterTest, EndsWhereTheMaskDoes) {
  std::vector<uint32_t> full, none, empty;
  RunWriter writer(full);
  writer.Add(1, 4);
  writer.Finish(4);
  EXPECT_THAT(full, ElementsAre(1, 3));
  RunWriter(none).Finish(4);
  EXPECT_THAT(none, ElementsAre(4));
  RunWriter(empty).Finish(0);
  EXPECT_THAT(empty, ElementsAre(0));
}

}  // namespace
}  // namespace fcis
