#include "fcis/eval/report/browse_json.h"

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

class BrowseJsonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(::testing::TempDir(), "browse");
    std::filesystem::create_directories(root_);
  }
  // The JSON of these records, of pictures 1 to `pictures`.
  rapidjson::Document Json(int pictures, const std::vector<std::string>& truth,
                           const std::vector<std::string>& found,
                           const BrowseOptions& options = {},
                           IouType type = IouType::kSegm) {
    std::vector<std::string> images;
    for (int i = 1; i <= pictures; ++i) {
      images.push_back(absl::StrCat("{\"id\":", i, ",\"height\":400,\"width\":",
                                    "500,\"file_name\":\"<", i, ">.png\"}"));
    }
    Save("gt.json",
         absl::StrCat("{\"images\":[", absl::StrJoin(images, ","),
                      "],\"categories\":[{\"id\":1,\"name\":\"cat\"},",
                      "{\"id\":2,\"name\":\"dog\"}],\"annotations\":[",
                      absl::StrJoin(truth, ","), "]}"));
    Save("dt.json", absl::StrCat("[", absl::StrJoin(found, ","), "]"));
    EvalOptions explained;
    explained.explain = true;
    explained.iou_type = type;
    const auto evaluation =
        Evaluate(root_ + "/gt.json", root_ + "/dt.json", explained);
    EXPECT_TRUE(evaluation.ok()) << evaluation.status();
    const std::string text =
        BrowseJson(*evaluation, Explain(*evaluation), options);
    rapidjson::Document json;
    json.Parse(text.c_str());
    EXPECT_FALSE(json.HasParseError()) << text;
    return json;
  }
  static std::string Square(int x, int y, int side) {
    return absl::StrCat("\"bbox\":[", x, ",", y, ",", side, ",", side,
                        "],\"segmentation\":[[", x, ",", y, ",", x + side, ",",
                        y, ",", x + side, ",", y + side, ",", x, ",", y + side,
                        "]]}");
  }
  static std::string Object(int id, int picture, int category, int x, int y,
                            bool crowd = false) {
    return absl::StrCat("{\"id\":", id, ",\"image_id\":", picture,
                        ",\"category_id\":", category, ",\"area\":10000,",
                        "\"iscrowd\":", crowd ? 1 : 0, ",", Square(x, y, 100));
  }
  static std::string Found(int picture, int category, double score, int x,
                           int y) {
    return absl::StrCat("{\"image_id\":", picture,
                        ",\"category_id\":", category, ",\"score\":", score,
                        ",", Square(x, y, 100));
  }

 private:
  void Save(const char* name, const std::string& text) const {
    ASSERT_TRUE(WriteFileAtomic(absl::StrCat(root_, "/", name), text).ok());
  }
  std::string root_;
};

TEST_F(BrowseJsonTest, SaysWhatBecameOfEachInstance) {
  BrowseOptions options;
  options.image_base = "../\"pictures\"/";
  const rapidjson::Document json =
      Json(1,
           {Object(1, 1, 1, 0, 0), Object(2, 1, 2, 200, 0),
            Object(3, 1, 1, 0, 200, true)},
           {Found(1, 1, .9, 0, 0), Found(1, 1, .8, 0, 20),
            Found(1, 1, .7, 200, 0), Found(1, 2, .6, 200, 60),
            Found(1, 1, .5, 350, 250), Found(1, 1, .4, 0, 200)},
           options);
  EXPECT_STREQ(json["image_base"].GetString(), "../\"pictures\"/");
  EXPECT_EQ(json["of"].GetInt(), 1);
  const auto& picture = json["pictures"][0];
  EXPECT_STREQ(picture["name"].GetString(), "<1>.png");
  EXPECT_EQ(picture["width"].GetInt(), 500);
  EXPECT_EQ(picture["mask_size"][0].GetInt(), 256);
  EXPECT_EQ(picture["mask_size"][1].GetInt(), 320);
  ASSERT_EQ(picture["objects"].Size(), 3u);
  EXPECT_EQ(picture["objects"][1]["class"].GetInt(), 1);
  EXPECT_EQ(picture["objects"][1]["area"].GetInt(), 10000);
  EXPECT_FALSE(picture["objects"][1]["crowd"].GetBool());
  EXPECT_TRUE(picture["objects"][2]["crowd"].GetBool());
  EXPECT_TRUE(picture["objects"][1].HasMember("mask"));
  const auto& found = picture["found"];
  ASSERT_EQ(found.Size(), 6u);
  const auto expect = [&](unsigned i, int kind, int object, double iou) {
    EXPECT_EQ(found[i]["kind"].GetInt(), kind) << i;
    EXPECT_EQ(found[i]["object"].GetInt(), object) << i;
    EXPECT_NEAR(found[i]["iou"].GetDouble(), iou, 1e-5) << i;
  };
  expect(0, -1, 0, 1);
  expect(1, static_cast<int>(ErrorKind::kDuplicate), 0, 80 / 120.0);
  expect(2, static_cast<int>(ErrorKind::kClass), 1, 1);
  expect(3, static_cast<int>(ErrorKind::kLocation), 1, 40 / 160.0);
  expect(4, static_cast<int>(ErrorKind::kBackground), -1, 0);
  EXPECT_EQ(found[5]["kind"].GetInt(), -2);
  EXPECT_EQ(found[1]["score"].GetDouble(), .8);
  EXPECT_EQ(found[1]["box"][1].GetInt(), 20);
  EXPECT_EQ(found[1]["area"].GetInt(), 10000);
}

TEST_F(BrowseJsonTest, ObjectsAreThoseOfThePicture) {
  const rapidjson::Document json = Json(
      3,
      {Object(1, 1, 1, 0, 0), Object(2, 3, 2, 0, 0), Object(3, 3, 1, 200, 0)},
      {Found(1, 1, .9, 0, 0), Found(3, 1, .8, 200, 0)});
  // The worst first; the second one has nothing.
  ASSERT_EQ(json["pictures"].Size(), 2u);
  EXPECT_STREQ(json["pictures"][0]["name"].GetString(), "<3>.png");
  EXPECT_EQ(json["pictures"][0]["found"][0]["object"].GetInt(), 1);
  EXPECT_EQ(json["pictures"][1]["found"][0]["object"].GetInt(), 0);
}

TEST_F(BrowseJsonTest, BoxesHaveNoMasks) {
  const rapidjson::Document json = Json(
      1, {Object(1, 1, 1, 0, 0)}, {Found(1, 1, .9, 0, 0)}, {}, IouType::kBbox);
  EXPECT_FALSE(json["pictures"][0]["found"][0].HasMember("mask"));
  EXPECT_FALSE(json["pictures"][0]["objects"][0].HasMember("mask"));
  EXPECT_EQ(json["pictures"][0]["objects"][0]["box"][2].GetInt(), 100);
}

TEST_F(BrowseJsonTest, IsBounded) {
  std::vector<std::string> truth, found;
  for (int i = 1; i <= 40; ++i) {
    truth.push_back(Object(i, i, 1, 0, 0));
    for (int k = 0; k < 9; ++k) {
      found.push_back(Found(i, 1, .9 - .01 * k, i, k));
    }
  }
  BrowseOptions options;
  options.most_pictures = 10;
  options.most_found = 4;
  const rapidjson::Document some = Json(40, truth, found, options);
  EXPECT_EQ(some["of"].GetInt(), 40);
  ASSERT_EQ(some["pictures"].Size(), 10u);
  EXPECT_EQ(some["pictures"][0]["found"].Size(), 4u);
  // The worst are those whose detections lie farthest off.
  EXPECT_STREQ(some["pictures"][0]["name"].GetString(), "<40>.png");
  EXPECT_STREQ(some["pictures"][1]["name"].GetString(), "<36>.png");
  options.most_bytes = 3000;
  const rapidjson::Document few = Json(40, truth, found, options);
  EXPECT_GT(few["pictures"].Size(), 0u);
  EXPECT_LT(few["pictures"].Size(), 10u);
}

}  // namespace
}  // namespace fcis::eval
