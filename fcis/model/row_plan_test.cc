#include "fcis/model/row_plan.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::model {
namespace {

// A storage in which each row says which row of which map it is.
using Row = std::pair<int, int64_t>;

RowLayer Layer(int source, int kernel, int stride, int pad, int64_t height) {
  RowLayer layer;
  layer.source = source;
  layer.kernel = kernel;
  layer.stride = stride;
  layer.pad = pad;
  layer.height = height;
  return layer;
}

// A stem, a max pool and two residual blocks, the last of half the height.
std::vector<RowLayer> Network(int64_t input) {
  const int64_t stem = (input - 1) / 2 + 1, pooled = (stem - 2) / 2 + 1,
                half = (pooled - 1) / 2 + 1;
  std::vector<RowLayer> layers = {
      Layer(0, 7, 2, 3, stem),   Layer(1, 3, 2, 0, pooled),
      Layer(2, 1, 1, 0, pooled), Layer(3, 3, 1, 1, pooled),
      Layer(2, 1, 1, 0, pooled), Layer(4, 1, 1, 0, pooled),
      Layer(6, 1, 1, 0, pooled), Layer(7, 3, 1, 1, pooled),
      Layer(8, 1, 1, 0, pooled), Layer(9, 1, 2, 0, half),
      Layer(10, 3, 1, 1, half),  Layer(9, 1, 2, 0, half),
      Layer(11, 1, 1, 0, half)};
  layers[5].residual = 5;
  layers[8].residual = 6;
  layers[12].residual = 12;
  for (const size_t sum : {5, 8, 12}) layers[sum].may_replace = true;
  layers[12].kept = true;
  return layers;
}

// Runs a plan on rows that are named, not computed; every row that is read must
// be the one that is meant.
void Check(const std::vector<RowLayer>& layers, int64_t input, int64_t band) {
  const RowPlan plan = PlanRows(layers, input, band);
  std::vector<std::vector<Row>> storages;
  for (const int64_t rows : plan.storage_rows) {
    storages.emplace_back(static_cast<size_t>(rows), Row{-1, -1});
  }
  for (int64_t r = 0; r < input; ++r) {
    storages[0][static_cast<size_t>(r)] = {0, r};
  }
  std::vector<int64_t> done(layers.size() + 1);
  const auto storage_of = [&](int map) -> std::vector<Row>& {
    return storages[static_cast<size_t>(
        plan.storage[static_cast<size_t>(map)])];
  };
  for (const RowStep& step : plan.steps) {
    const RowLayer& layer = layers[static_cast<size_t>(step.layer)];
    const int map = step.layer + 1;
    std::vector<Row>& y = storage_of(map);
    std::copy(y.begin() + step.drop, y.begin() + step.drop + step.keep,
              y.begin());
    const int64_t first = done[static_cast<size_t>(map)];
    ASSERT_GT(step.rows, 0);
    const int64_t begin = first * layer.stride - layer.pad;
    for (int64_t r = 0; r < step.x_rows; ++r) {
      const Row want = {layer.source, begin + step.pads.top + r};
      ASSERT_EQ(storage_of(layer.source).at(static_cast<size_t>(step.x_at + r)),
                want);
    }
    // All that the last row reads is there, but for what the border cuts off.
    const int64_t end =
        (first + step.rows - 1) * layer.stride - layer.pad + layer.kernel;
    const int64_t there =
        begin + step.pads.top + step.x_rows + step.pads.bottom;
    ASSERT_LE(there, end);
    if (layer.pad > 0) {
      ASSERT_EQ(there, end);
    }
    for (int64_t r = 0; r < step.rows; ++r) {
      if (layer.residual != RowLayer::kNone) {
        const Row want = {layer.residual, first + r};
        ASSERT_EQ(storage_of(layer.residual)
                      .at(static_cast<size_t>(step.residual_at + r)),
                  want);
      }
      y.at(static_cast<size_t>(step.y_at + r)) = {map, first + r};
    }
    done[static_cast<size_t>(map)] += step.rows;
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    EXPECT_EQ(done[i + 1], layers[i].height);
    if (!layers[i].kept) continue;
    const int map = static_cast<int>(i) + 1;
    for (int64_t r = 0; r < layers[i].height; ++r) {
      ASSERT_EQ(storage_of(map).at(static_cast<size_t>(r)), Row(map, r));
    }
  }
}

TEST(RowPlan, EveryRowIsComputedOnceFromTheRightOnes) {
  for (int64_t input = 16; input < 120; input += 7) {
    for (const int64_t band : {1, 3, 8, 16, 32, 1000}) {
      SCOPED_TRACE(testing::Message() << input << " rows by " << band);
      Check(Network(input), input, band);
    }
  }
}

TEST(RowPlan, KeptMapsAreNotReplaced) {
  std::vector<RowLayer> layers = Network(64);
  layers[5].kept = true;  // read by the sum that could replace it
  Check(layers, 64, 16);
}

TEST(RowPlan, SumsStandWhereTheirResidualsStood) {
  std::vector<RowLayer> layers = Network(64);
  const RowPlan plan = PlanRows(layers, 64, 16);
  EXPECT_EQ(plan.storage[6], plan.storage[5]);
  EXPECT_EQ(plan.storage[9], plan.storage[6]);
  EXPECT_EQ(plan.storage[13], plan.storage[12]);
  for (RowLayer& layer : layers) layer.may_replace = false;
  Check(layers, 64, 16);
  const RowPlan apart = PlanRows(layers, 64, 16);
  EXPECT_EQ(std::set<int>(apart.storage.begin(), apart.storage.end()).size(),
            layers.size() + 1);
}

TEST(RowPlan, LittleIsKeptOfWhatPassesBy) {
  const std::vector<RowLayer> layers = Network(576);
  const RowPlan plan = PlanRows(layers, 576, 32);
  // 16 rows of the stem at a time, and what its pool has not read yet.
  EXPECT_LE(plan.storage_rows[static_cast<size_t>(plan.storage[1])], 20);
  EXPECT_LE(plan.storage_rows[static_cast<size_t>(plan.storage[4])], 12);
}

}  // namespace
}  // namespace fcis::model
