#include "fcis/tools/dataset_look.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/jpeg.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::ElementsAre;

class DatasetLookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (std::filesystem::path(::testing::TempDir()) /
             ::testing::UnitTest::GetInstance()->current_test_info()->name())
                .string();
    std::filesystem::create_directories(root_);
    for (int i = 1; i <= 3; ++i) {
      Image image(100, 200);
      image.row(1)[0] = i == 3 ? 200 : 0;  // the first two are the same
      ASSERT_TRUE(WriteFileAtomic(absl::StrCat(root_, "/", i, ".jpg"),
                                  *data::EncodeJpeg(image, 90))
                      .ok());
    }
  }

  // Of objects: picture, class, polygon, each with its own id from 1 on.
  struct Object {
    int picture, category;
    std::string polygon, bbox = "";  // "": that of the mask
  };
  DatasetLook Look(const std::vector<Object>& objects) {
    std::vector<std::string> annotations;
    for (const Object& o : objects) {
      annotations.push_back(absl::StrCat(
          "{\"id\": ", annotations.size() + 1, ", \"image_id\": ", o.picture,
          ", \"category_id\": ", o.category,
          o.bbox.empty() ? "" : absl::StrCat(", \"bbox\": [", o.bbox, "]"),
          ", \"segmentation\": [[", o.polygon, "]]}"));
    }
    const std::string path = root_ + "/a.json";
    EXPECT_TRUE(
        WriteFileAtomic(
            path, absl::StrCat(
                      R"({"categories": [{"id": 1, "name": "cat"},)",
                      R"( {"id": 2, "name": "dog"}], "images": [)",
                      R"({"id": 1, "file_name": "1.jpg"},)",
                      R"({"id": 2, "file_name": "2.jpg"},)",
                      R"({"id": 3, "file_name": "3.jpg"}], "annotations": [)",
                      absl::StrJoin(annotations, ","), "]}"))
            .ok());
    const auto index = data::IndexCoco({{path, root_}});
    EXPECT_TRUE(index.ok()) << index.status();
    return LookAt(*index);
  }

  // "kind:id" of what was found in pictures.
  static std::vector<std::string> Found(const DatasetLook& look) {
    std::vector<std::string> found;
    for (const SuspectRecord& record : look.suspects) {
      if (record.suspect == Suspect::kDuplicatePicture) continue;
      found.push_back(absl::StrCat(Describe(record.suspect), ": ", record.id));
    }
    return found;
  }

  std::string root_;
};

TEST_F(DatasetLookTest, CountsClassesAndSizes) {
  const DatasetLook look = Look({{1, 1, "0,0,20,0,20,20,0,20"},
                                 {1, 1, "40,0,90,0,90,50,40,50"},
                                 {2, 1, "0,0,20,0,20,20,0,20"},
                                 {3, 2, "0,0,100,0,100,100,0,100"}});
  EXPECT_EQ(look.classes[0].objects, 3);
  EXPECT_EQ(look.classes[0].pictures, 2);
  EXPECT_THAT(look.classes[0].sizes, ElementsAre(2, 1, 0));
  EXPECT_THAT(look.classes[1].sizes, ElementsAre(0, 0, 1));
  // 20 and 50 of 141.4 pixels, and 100.
  EXPECT_THAT(look.shares, ElementsAre(0, 2, 0, 1, 0, 0, 0, 1, 0, 0));
  EXPECT_THAT(Found(look), ElementsAre());
}

TEST_F(DatasetLookTest, FindsWhatIsOdd) {
  EXPECT_THAT(Found(Look({{3, 1, "5,5,8,5,8,8,5,8"},
                          {3, 2, "0,0,200,0,200,98,0,98"},
                          {3, 1, "150,50,230,50,230,90,150,90"},
                          {3, 1, "20,20,60,20,20,60,60,60"},  // an hourglass
                          {3, 1, "100,20,120,20,120,40,100,40"},
                          {3, 1, "100,20,120,20,120,40.2,100,40"},
                          {3, 2, "100,20,120,20,120,40,100,40"},
                          {3, 1, "130,20,180,20.01,131,20", "130,20,50,1"}})),
              ElementsAre("masks of fewer than 16 pixels: 1",
                          "masks of more than 90 % of their picture: 2",
                          "polygons that leave their picture: 3",
                          "polygons that cross or cover themselves: 4",
                          "masks of fewer than 16 pixels: 8",
                          "polygons that enclose less than a pixel: 8",
                          "objects of one class in nearly the same box: 6"));
}

TEST_F(DatasetLookTest, FindsPicturesThatAreTheSame) {
  const DatasetLook look = Look({{1, 1, "0,0,20,0,20,20,0,20"}});
  ASSERT_EQ(look.suspects.size(), 1);
  EXPECT_EQ(look.suspects[0].suspect, Suspect::kDuplicatePicture);
  EXPECT_EQ(look.suspects[0].picture, 1);
  EXPECT_EQ(look.suspects[0].id, "1.jpg");
}

}  // namespace
}  // namespace fcis::tools
