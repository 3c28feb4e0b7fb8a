#include "fcis/tools/dataset_page.h"

#include <filesystem>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/jpeg.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

using ::testing::HasSubstr;

class DatasetPageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (std::filesystem::path(::testing::TempDir()) / "set").string();
    std::filesystem::create_directories(root_);
    std::string images, annotations;
    for (int i = 1; i <= 9; ++i) {
      Image image(60, 800);
      image.row(0)[i] = static_cast<uint8_t>(20 * i);
      ASSERT_TRUE(WriteFileAtomic(absl::StrCat(root_, "/", i, ".jpg"),
                                  *data::EncodeJpeg(image, 90))
                      .ok());
      absl::StrAppend(&images, i > 1 ? "," : "", R"({"id": )", i,
                      R"(, "height": 60, "width": 800, "file_name": ")", i,
                      R"(.jpg"})");
      absl::StrAppend(
          &annotations, i > 1 ? "," : "", R"({"id": )", i, R"(, "image_id": )",
          i, R"(, "category_id": )", 1 + i % 2, R"(, "segmentation": [[)",
          i == 5 ? "1,1,3,1,3,3" : "10,10,400,10,400,50,10,50", "]]}");
    }
    const std::string path = root_ + "/a.json";
    ASSERT_TRUE(
        WriteFileAtomic(
            path, absl::StrCat(R"({"categories": [{"id": 1, )",
                               R"("name": "</script>"}, {"id": 2,)",
                               R"( "name": "dog"}], "images": [)", images,
                               R"(], "annotations": [)", annotations, "]}"))
            .ok());
    auto index = data::IndexCoco({{path, root_}});
    ASSERT_TRUE(index.ok()) << index.status();
    index_ = *std::move(index);
  }

  // The page's data.
  rapidjson::Document Page(int gallery) {
    const std::string page = DatasetPage(index_, index_.report, LookAt(index_),
                                         {"mine.json", gallery});
    const std::string mark = "<script id=\"data\" type=\"application/json\">";
    const size_t begin = page.find(mark) + mark.size();
    rapidjson::Document json;
    json.Parse(
        page.substr(begin, page.find("</script>", begin) - begin).c_str());
    EXPECT_FALSE(json.HasParseError());
    for (const char* address : {"http:", "https:", "src=", "href="}) {
      EXPECT_FALSE(absl::StrContains(page, address)) << address;
    }
    return json;
  }

  std::string root_;
  data::CocoIndex index_;
};

TEST_F(DatasetPageTest, HoldsCountsSuspectsAndPictures) {
  const rapidjson::Document json = Page(100);
  EXPECT_STREQ(json["title"].GetString(), "mine.json");
  EXPECT_EQ(json["pictures"].GetInt(), 9);
  EXPECT_STREQ(json["classes"][0]["name"].GetString(), "</script>");
  EXPECT_EQ(json["classes"][0]["objects"].GetInt(), 4);
  const auto& tiny = json["suspects"][0];
  EXPECT_EQ(tiny["count"].GetInt(), 1);
  EXPECT_STREQ(tiny["examples"][0]["picture"].GetString(), "5.jpg");
  ASSERT_EQ(json["gallery"].Size(), 9);
  const auto& picture = json["gallery"][0];
  EXPECT_STREQ(picture["name"].GetString(), "1.jpg");
  EXPECT_EQ(picture["classes"][0].GetInt(), 1);
  std::string jpeg;
  ASSERT_TRUE(absl::Base64Unescape(picture["jpeg"].GetString(), &jpeg));
  const auto image = data::DecodeJpeg(jpeg, 1 << 20);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->width, 400);
  EXPECT_EQ(image->height, 30);
  // The mask is drawn: the picture itself is black.
  const uint8_t* inside = image->row(15) + 3 * 100;
  const uint8_t* outside = image->row(15) + 3 * 350;
  EXPECT_GT(inside[0] + inside[1] + inside[2], 60);
  EXPECT_LT(outside[0] + outside[1] + outside[2], 30);
}

TEST_F(DatasetPageTest, TheGalleryIsBoundedAndHasTheSuspects) {
  const rapidjson::Document json = Page(3);
  ASSERT_EQ(json["gallery"].Size(), 3);
  bool suspect = false;
  for (const auto& picture : json["gallery"].GetArray()) {
    suspect |= std::string(picture["name"].GetString()) == "5.jpg";
  }
  EXPECT_TRUE(suspect);
  EXPECT_EQ(Page(0)["gallery"].Size(), 0);
}

TEST_F(DatasetPageTest, APictureThatIsGoneHasTheReasonInItsPlace) {
  std::filesystem::remove(root_ + "/1.jpg");
  const rapidjson::Document json = Page(100);
  EXPECT_STREQ(json["gallery"][0]["jpeg"].GetString(), "");
  EXPECT_THAT(json["gallery"][0]["problem"].GetString(), HasSubstr("1.jpg"));
}

}  // namespace
}  // namespace fcis::tools
