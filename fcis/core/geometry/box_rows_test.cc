#include "fcis/core/geometry/box_rows.h"

#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(BoxRows, CornersInOrderAndBack) {
  const std::vector<Box> boxes = {{1, 2, 3, 4}, {-1, 0.5f, 7, 9}};
  const Tensor rows = RowsOfBoxes(boxes);
  ASSERT_EQ(rows.shape(), (Shape{2, 4}));
  const std::vector<float> want = {1, 2, 3, 4, -1, 0.5f, 7, 9};
  EXPECT_EQ(std::vector<float>(rows.data<float>(), rows.data<float>() + 8),
            want);
  const absl::Span<const Box> back = BoxesOfRows(rows);
  EXPECT_EQ(std::vector<Box>(back.begin(), back.end()), boxes);
}

TEST(BoxRows, None) {
  const Tensor rows = RowsOfBoxes({});
  EXPECT_EQ(rows.shape(), (Shape{0, 4}));
  EXPECT_TRUE(BoxesOfRows(rows).empty());
}

}  // namespace
}  // namespace fcis
