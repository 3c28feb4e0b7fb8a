#include "fcis/data/loader/check_dataset.h"

#include <atomic>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/loader/test_sets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kCategories[] = R"("categories":[{"id":1,"name":"a"}])";

class CheckDatasetTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(dir_);
  }
  void AddPicture(const std::string& name, int height, int width) const {
    ASSERT_TRUE(WriteFileAtomic(absl::StrCat(dir_, "/", name),
                                *EncodePng(Image(height, width)))
                    .ok());
  }
  DatasetReport Check(const std::string& images,
                      const std::string& annotations) const {
    const std::string path = absl::StrCat(dir_, "/a.json");
    EXPECT_TRUE(
        WriteFileAtomic(
            path, absl::StrCat(R"({"images":[)", images, "],", kCategories,
                               R"(,"annotations":[)", annotations, "]}"))
            .ok());
    std::atomic<int64_t> most{0};
    const auto report = CheckDataset({{path, dir_}}, PlainInput(40),
                                     [&](int64_t done, int64_t total) {
                                       EXPECT_LE(done, total);
                                       if (done == total) most = total;
                                     });
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(most, report->pictures);
    return *report;
  }

  std::string dir_;
};

TEST_F(CheckDatasetTest, TellsWhatIsWrongWithPictures) {
  AddPicture("good.png", 40, 50);
  AddPicture("other.png", 50, 40);
  ASSERT_TRUE(WriteFileAtomic(absl::StrCat(dir_, "/bad.png"), "?").ok());
  const DatasetReport report = Check(R"(
      {"id":1,"file_name":"good.png","height":40,"width":50},
      {"id":2,"file_name":"other.png","height":40,"width":50},
      {"id":3,"file_name":"bad.png","height":40,"width":50},
      {"id":4,"file_name":"away.png","height":40,"width":50})",
                                     "");
  EXPECT_THAT(report.examples(Finding::kOtherSize),
              ElementsAre(HasSubstr("other.png is 40x50 (width x height), but "
                                    "the annotations say 50x40")));
  EXPECT_THAT(report.examples(Finding::kDamagedPicture),
              ElementsAre(HasSubstr("bad.png")));
  EXPECT_THAT(report.examples(Finding::kMissingPicture),
              ElementsAre(HasSubstr("away.png")));
  EXPECT_EQ(report.count(Finding::kNoAnnotation), 4);
  EXPECT_TRUE(HasBadPictures(report));
}

TEST_F(CheckDatasetTest, ComparesBoxesWithMasks) {
  AddPicture("good.png", 40, 50);
  const std::string head =
      R"("image_id":1,"category_id":1,"area":100,"segmentation":)";
  const std::string square = "[[10,10,20,10,20,20,10,20]]";
  const DatasetReport report = Check(
      R"({"id":1,"file_name":"good.png","height":40,"width":50})",
      absl::StrCat(R"({"id":1,"bbox":[10,10,10,10],)", head, square, "},",
                   R"({"id":2,"bbox":[8,12.5,12,10],)", head, square, "},",
                   R"({"id":3,"bbox":[6,10,14,10],)", head, square, "},",
                   R"({"id":4,"bbox":[10,10,10,14],)", head, square, "},",
                   R"({"id":5,"bbox":[10,10,10,10],)", head,
                   R"({"size":[40,50],"counts":[2000]}},)",
                   R"({"id":6,"bbox":[10,10,0.4,10],)", head, square, "}"));
  EXPECT_THAT(report.examples(Finding::kBoxBesideMask),
              ElementsAre("3", "4", "6"));
  EXPECT_THAT(report.examples(Finding::kEmptyMask), ElementsAre("5"));
  EXPECT_THAT(report.examples(Finding::kVanishingBox), ElementsAre("6"));
  EXPECT_EQ(report.used_annotations, 5);
  EXPECT_FALSE(HasBadPictures(report));
  EXPECT_EQ(report.problems.errors.count, 0);
}

TEST_F(CheckDatasetTest, Case38PicturesThatAreAwayAreNotUsed) {
  AddPicture("good.png", 40, 50);
  AddPicture("A B.png", 40, 50);
  const std::string rest =
      R"("category_id":1,"area":100,"bbox":[10,10,10,10],
         "segmentation":[[10,10,20,10,20,20,10,20]]})";
  const DatasetReport report = Check(
      R"({"id":1,"file_name":"good.png","height":40,"width":50},
         {"id":2,"file_name":"a%20b.png","height":40,"width":50})",
      absl::StrCat(R"({"id":1,"image_id":1,)", rest,
                   R"(,{"id":2,"image_id":2,)", rest));
  EXPECT_EQ(report.pictures, 2);
  EXPECT_EQ(report.used_pictures, 1);
  EXPECT_EQ(report.used_annotations, 1);
  EXPECT_THAT(report.examples(Finding::kMissingPicture),
              ElementsAre(absl::StrCat(
                  "image id 2: ", dir_,
                  "/a%20b.png: No such file or directory; there is ", dir_,
                  "/A B.png")));
}

}  // namespace
}  // namespace fcis::data
