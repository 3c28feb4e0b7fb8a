#include "fcis/train/watch/fixed_pictures.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class FixedPicturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(::testing::TempDir(), "/fixed");
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void Save(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = root_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(WriteFileAtomic(path.string(), bytes).ok());
  }
  // Pictures 1 to `count`, of which the even ones have an object.
  void SaveSet(int count, int height = 40, int width = 50) const {
    std::vector<std::string> images, annotations;
    const auto png = data::EncodePng(Image(height, width));
    for (int i = 1; i <= count; ++i) {
      Save(absl::StrCat(i, ".png"), *png);
      images.push_back(absl::StrCat("{\"id\":", i, ",\"file_name\":\"", i,
                                    ".png\",\"height\":", height,
                                    ",\"width\":", width, "}"));
      if (i % 2 == 1) continue;
      annotations.push_back(absl::StrCat(
          "{\"id\":", i, ",\"image_id\":", i,
          ",\"category_id\":3,\"area\":400,",
          "\"bbox\":[5,5,20,20],\"segmentation\":[[5,5,25,5,25,25,5,25]]}"));
    }
    Save("set.json",
         absl::StrCat("{\"images\":[", absl::StrJoin(images, ","),
                      "],\"categories\":[{\"id\":3,\"name\":\"<cat>\"}],",
                      "\"annotations\":[", absl::StrJoin(annotations, ","),
                      "]}"));
  }
  rapidjson::Document Json(const FixedPictures& pictures) const {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    writer.StartObject();
    pictures.Put(writer);
    writer.EndObject();
    rapidjson::Document json;
    json.Parse(buffer.GetString());
    EXPECT_FALSE(json.HasParseError()) << buffer.GetString();
    return json;
  }
  std::string root_;
};

TEST_F(FixedPicturesTest, AreAFewWithObjects) {
  SaveSet(30);
  const auto pictures = FixedPictures::Open(root_ + "/set.json", root_);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  const rapidjson::Document json = Json(*pictures);
  std::vector<std::string> names;
  for (const auto& picture : json["pictures"].GetArray()) {
    names.push_back(picture["name"].GetString());
  }
  EXPECT_THAT(names, ::testing::ElementsAre("2.png", "6.png", "12.png",
                                            "18.png", "24.png", "30.png"));
  const auto& first = json["pictures"][0];
  EXPECT_THAT(first["jpeg"].GetString(), StartsWith("/9j/"));
  EXPECT_EQ(first["width"].GetInt(), 50);
  EXPECT_EQ(first["mask_size"][0].GetInt(), 40);
  EXPECT_STREQ(first["truth"][0]["class"].GetString(), "<cat>");
  EXPECT_EQ(first["truth"][0]["box"][2].GetInt(), 20);
  EXPECT_GT(first["truth"][0]["mask"].GetStringLength(), 0u);
  EXPECT_EQ(first["found"].Size(), 0u);
}

TEST_F(FixedPicturesTest, LargeOnesAreMadeSmaller) {
  SaveSet(2, 600, 960);
  const auto pictures = FixedPictures::Open(root_ + "/set.json", root_);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  const rapidjson::Document json = Json(*pictures);
  EXPECT_EQ(json["pictures"][0]["width"].GetInt(), 960);
  EXPECT_EQ(json["pictures"][0]["mask_size"][0].GetInt(), 300);
  EXPECT_EQ(json["pictures"][0]["mask_size"][1].GetInt(), 480);
}

TEST_F(FixedPicturesTest, ShowsWhatEachValidationFound) {
  SaveSet(4);
  auto pictures = FixedPictures::Open(root_ + "/set.json", root_);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  EXPECT_FALSE(pictures->Update(root_, {10}));  // It is not there yet.
  std::vector<std::string> found;
  for (int i = 0; i < 30; ++i) {
    found.push_back(
        absl::StrCat("{\"image_id\":4,\"category_id\":3,\"score\":0.", 10 + i,
                     ",\"segmentation\":[[5,5,25,5,25,25,5,25]]}"));
  }
  Save("validation_10/results.json",
       absl::StrCat("[", absl::StrJoin(found, ","), "]"));
  EXPECT_TRUE(pictures->Update(root_, {10}));
  EXPECT_FALSE(pictures->Update(root_, {10}));
  Save("validation_20/results.json", "[]");
  EXPECT_TRUE(pictures->Update(root_, {10, 20}));
  const rapidjson::Document json = Json(*pictures);
  EXPECT_EQ(json["iterations"][1].GetInt(), 20);
  const auto& second = json["pictures"][1]["found"];
  ASSERT_EQ(second.Size(), 2u);
  ASSERT_EQ(second[0].Size(), 20u);
  EXPECT_EQ(second[0][0]["score"].GetDouble(), .39);
  EXPECT_EQ(second[0][19]["score"].GetDouble(), .2);
  EXPECT_EQ(second[0][0]["box"][0].GetInt(), 5);
  EXPECT_EQ(second[1].Size(), 0u);
  EXPECT_EQ(json["pictures"][0]["found"][0].Size(), 0u);
}

TEST_F(FixedPicturesTest, OfManyValidationsSomeAreShown) {
  SaveSet(2);
  auto pictures = FixedPictures::Open(root_ + "/set.json", root_);
  std::vector<int64_t> iterations;
  for (int i = 1; i <= 100; ++i) {
    Save(absl::StrCat("validation_", i, "/results.json"), "[]");
    iterations.push_back(i);
  }
  EXPECT_TRUE(pictures->Update(root_, iterations));
  const rapidjson::Document json = Json(*pictures);
  ASSERT_EQ(json["iterations"].Size(), 24u);
  EXPECT_EQ(json["iterations"][0].GetInt(), 1);
  EXPECT_EQ(json["iterations"][23].GetInt(), 100);
}

TEST_F(FixedPicturesTest, WhatIsMissingIsAProblem) {
  SaveSet(4);
  std::filesystem::remove(root_ + "/2.png");
  const auto pictures = FixedPictures::Open(root_ + "/set.json", root_);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  const rapidjson::Document json = Json(*pictures);
  EXPECT_EQ(json["pictures"].Size(), 1u);
  EXPECT_THAT(json["problems"][0].GetString(), HasSubstr("/2.png"));
  EXPECT_EQ(FixedPictures::Open(root_ + "/no.json", root_).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fcis::train
