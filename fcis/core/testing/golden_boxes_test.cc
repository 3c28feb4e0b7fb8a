#include "fcis/core/testing/golden_boxes.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(GoldenBoxes, AreYxyx) {
  const float values[] = {1, 2, 3, 5};
  const Tensor rows = Tensor::FromSpan<float>({1, 4}, values);
  const std::vector<Box> boxes = BoxesFromYxyx(rows);
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes[0], (Box{2, 1, 5, 3}));
  EXPECT_EQ(YxyxFromBoxes(boxes).span<float>(), absl::MakeConstSpan(values));
}

TEST(RowOf, DropsTheFirstAxis) {
  const float values[] = {0, 1, 2, 3, 4, 5, 6, 7};
  const Tensor row = RowOf(Tensor::FromSpan<float>({2, 2, 2}, values), 1);
  EXPECT_EQ(row.shape(), (Shape{2, 2}));
  EXPECT_EQ(row.data<float>()[0], 4);
}

}  // namespace
}  // namespace fcis
