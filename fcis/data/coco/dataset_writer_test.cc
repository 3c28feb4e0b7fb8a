#include "fcis/data/coco/dataset_writer.h"

#include <string>

#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/segmentation.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(WriteCocoDatasetTest, ReadsBack) {
  WrittenDataset written;
  written.categories = {{7, "a \"b\"", "c"}};
  written.images = {{3, "x.jpg", 4, 5}, {4, "y.jpg", 1, 1}};
  const Rle mask{4, 5, {2, 3, 15}};
  written.annotations = {{11, 3, 7, mask, false}, {12, 3, 7, mask, true}};
  const std::string path = testing::TempDir() + "/dataset.json";
  ASSERT_TRUE(WriteCocoDataset(path, written).ok());

  const auto read = ReadCocoDataset(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->categories.size(), 1u);
  EXPECT_EQ(read->categories[0].name, "a \"b\"");
  EXPECT_EQ(read->categories[0].supercategory, "c");
  ASSERT_EQ(read->images.size(), 2u);
  EXPECT_EQ(read->images[0].file_name, "x.jpg");
  EXPECT_EQ(read->images[0].height, 4);
  EXPECT_EQ(read->images[0].width, 5);
  ASSERT_EQ(read->annotations.size(), 2u);
  const CocoAnnotation& annotation = read->annotations[1];
  EXPECT_EQ(annotation.id, RecordId(int64_t{12}));
  EXPECT_EQ(annotation.image_id, RecordId(int64_t{3}));
  EXPECT_EQ(annotation.category_id, RecordId(int64_t{7}));
  EXPECT_EQ(annotation.crowd, 1);
  EXPECT_EQ(annotation.area, 3);
  EXPECT_EQ(annotation.bbox, (XywhBox{0, 0, 2, 4}));
  JsonScanner json(annotation.segmentation);
  Segmentation segmentation;
  ASSERT_TRUE(ReadSegmentation(json, segmentation));
  const auto rle = SegmentationToRle(segmentation, 4, 5);
  ASSERT_TRUE(rle.ok());
  EXPECT_TRUE(*rle == mask);
}

TEST(WriteCocoDatasetTest, ErrorsNameTheFile) {
  const absl::Status status = WriteCocoDataset("/nowhere/a.json", {});
  EXPECT_NE(std::string(status.message()).find("/nowhere/a.json"),
            std::string::npos);
}

}  // namespace
}  // namespace fcis::data
