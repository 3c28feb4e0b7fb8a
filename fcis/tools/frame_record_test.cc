#include "fcis/tools/frame_record.h"

#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

ModelConfig OneClass() {
  ModelConfig config;
  ClassConfig* cat = config.add_classes();
  cat->set_name("house cat");
  cat->set_category_id(17);
  return config;
}

TEST(FrameRecordTest, ALineOfJson) {
  FrameRecord record;
  record.frame = 7;
  record.time = 0.25;
  record.height = 4;
  record.width = 6;
  TrackedInstance cat;
  cat.id = 3;
  cat.label = 1;
  cat.score = 0.5f;
  cat.box = {1, 2, 3, 4};
  cat.mask = {1, 2, 2, 1, {1, 1}};
  record.instances = {cat};
  EXPECT_EQ(FrameJson(record, OneClass()),
            R"({"frame":7,"time":0.25,"detected":true,"instances":[{"track":3,)"
            R"("category_id":17,"category":"house cat","score":0.5,)"
            R"("bbox":[1.0,2.0,2.0,2.0],"segmentation":{"size":[4,6],)"
            R"("counts":"6130:"}}]})"
            "\n");
}

TEST(FrameRecordTest, WithoutATimeOrInstances) {
  FrameRecord record;
  record.detected = false;
  EXPECT_EQ(
      FrameJson(record, OneClass()),
      "{\"frame\":0,\"time\":null,\"detected\":false,\"instances\":[]}\n");
}

}  // namespace
}  // namespace fcis::tools
