#include "fcis/tools/serve/detect_answer.h"

#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/data/codec/image_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

constexpr int kHeight = 30, kWidth = 40;

ModelConfig OneClass() {
  ModelConfig config;
  config.set_name("m");
  config.add_classes()->set_name("house \"cat\"");
  config.mutable_classes(0)->set_category_id(17);
  return config;
}

// A mask of 6 x 4 pixels at (3, 2) with a hole.
eval::Instance Cat() {
  eval::Instance cat;
  cat.detection.label = 1;
  cat.detection.score = 0.75f;
  cat.detection.box = Box{3, 2, 9, 6};
  cat.mask = {3, 2, 6, 4, std::vector<uint8_t>(24, 1)};
  cat.mask.bits[8] = 0;
  return cat;
}

Rle CatMask() { return PastedMaskToRle(Cat().mask, kHeight, kWidth); }

PictureAnswer OneCat() {
  PictureAnswer answer;
  answer.name = "a\xff.png";
  answer.height = kHeight;
  answer.width = kWidth;
  answer.instances.push_back({1, 0.75f, Cat().detection.box, CatMask()});
  answer.seconds = 0.5;
  return answer;
}

rapidjson::Document Parse(const std::string& text) {
  rapidjson::Document json;
  json.Parse(text.c_str());
  EXPECT_FALSE(json.HasParseError()) << text;
  return json;
}

TEST(AnswerJsonTest, Members) {
  const auto json = Parse(
      AnswerJson(OneClass(), {OneCat(), PictureAnswer()}, MaskForm::kRle));
  EXPECT_STREQ(json["model"].GetString(), "m");
  ASSERT_EQ(json["pictures"].Size(), 2u);
  const auto& picture = json["pictures"][0];
  EXPECT_STREQ(picture["name"].GetString(), "a?.png");
  EXPECT_EQ(picture["width"].GetInt(), kWidth);
  EXPECT_EQ(picture["height"].GetInt(), kHeight);
  EXPECT_EQ(picture["seconds"].GetDouble(), 0.5);
  const auto& cat = picture["instances"][0];
  EXPECT_STREQ(cat["class"].GetString(), "house \"cat\"");
  EXPECT_EQ(cat["category_id"].GetInt(), 17);
  EXPECT_EQ(cat["score"].GetDouble(), 0.75);
  EXPECT_EQ(cat["area"].GetInt(), 23);
  const int box[] = {3, 2, 6, 4};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(cat["bbox"][i].GetDouble(), box[i]);
  EXPECT_EQ(json["pictures"][1]["instances"].Size(), 0u);
}

TEST(AnswerJsonTest, MasksInEachForm) {
  const PictureAnswer answer = OneCat();
  const Rle mask = CatMask();
  const auto rle = Parse(AnswerJson(OneClass(), {answer}, MaskForm::kRle));
  const auto& counts = rle["pictures"][0]["instances"][0]["segmentation"];
  EXPECT_EQ(counts["size"][0].GetInt(), kHeight);
  EXPECT_EQ(counts["size"][1].GetInt(), kWidth);
  EXPECT_EQ(*ParseRleCounts(kHeight, kWidth, counts["counts"].GetString()),
            mask);
  const auto polygons =
      Parse(AnswerJson(OneClass(), {answer}, MaskForm::kPolygons));
  const auto& parts = polygons["pictures"][0]["instances"][0]["segmentation"];
  ASSERT_EQ(parts.Size(), 1u);
  std::vector<double> xy;
  for (const auto& v : parts[0].GetArray()) xy.push_back(v.GetDouble());
  EXPECT_EQ(*PolygonToRle(xy, kHeight, kWidth), mask);
  const auto none = Parse(AnswerJson(OneClass(), {answer}, MaskForm::kNone));
  EXPECT_FALSE(none["pictures"][0]["instances"][0].HasMember("segmentation"));
}

TEST(AnswerPngTest, IsThePictureWithTheInstance) {
  const auto png = AnswerPng(OneClass(), {Cat()}, Image(kHeight, kWidth));
  ASSERT_TRUE(png.ok()) << png.status();
  const auto image = data::DecodeImage(*png);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->height, kHeight);
  EXPECT_EQ(image->width, kWidth);
  EXPECT_NE(image->pixels, Image(kHeight, kWidth).pixels);
}

}  // namespace
}  // namespace fcis::tools
