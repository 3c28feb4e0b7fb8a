#include "fcis/model/testing/golden_detections.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/model/testing/packed_mask.h"
#include "gtest/gtest.h"

namespace fcis::model {

void ExpectGoldenDetections(const GoldenFile& golden, const std::string& prefix,
                            const std::vector<Detection>& got, int height,
                            int width, const PostprocessConfig& config,
                            double box_limit, int first_label) {
  const std::vector<int> labels = golden.Ints(prefix + "/label");
  const std::vector<float> scores = golden.Floats(prefix + "/score");
  const std::vector<Box> boxes = BoxesFromYxyx(golden.Get(prefix + "/bbox"));
  const std::string masks = prefix + "/mask_packed";
  const Tensor packed = golden.Has(masks) ? golden.Get(masks) : Tensor();
  ASSERT_EQ(got.size(), labels.size()) << prefix;
  const int64_t pixels = int64_t{height} * width;
  for (size_t d = 0; d < labels.size(); ++d) {
    SCOPED_TRACE(absl::StrCat(prefix, " ", d));
    EXPECT_EQ(got[d].label, labels[d] + 1 - first_label);
    EXPECT_NEAR(got[d].score, scores[d], 1e-4);
    EXPECT_NEAR(got[d].box.x0, boxes[d].x0, box_limit);
    EXPECT_NEAR(got[d].box.y0, boxes[d].y0, box_limit);
    EXPECT_NEAR(got[d].box.x1, boxes[d].x1, box_limit);
    EXPECT_NEAR(got[d].box.y1, boxes[d].y1, box_limit);
    if (!golden.Has(masks)) continue;
    const MaskAgreement a =
        ComparePacked(got[d], packed, d, height, width, config);
    EXPECT_LE(a.united - a.intersection, pixels / 1000);
  }
}

}  // namespace fcis::model
