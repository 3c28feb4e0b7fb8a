#include "fcis/eval/report/contact_sheet.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::ElementsAre;

std::vector<int> Chosen(int pictures, int count) {
  std::vector<PictureScore> ranked;
  for (int i = 0; i < pictures; ++i) ranked.push_back({100 + i});
  std::vector<int> chosen;
  for (const PictureScore& score : ChoosePictures(ranked, count)) {
    chosen.push_back(score.picture);
  }
  return chosen;
}

TEST(ContactSheetTest, TakesTheBestAndTheWorst) {
  EXPECT_THAT(Chosen(9, 4), ElementsAre(100, 101, 107, 108));
  EXPECT_THAT(Chosen(9, 3), ElementsAre(100, 107, 108));
  EXPECT_THAT(Chosen(4, 4), ElementsAre(100, 101, 102, 103));
  EXPECT_THAT(Chosen(2, 4), ElementsAre(100, 101));
  EXPECT_THAT(Chosen(0, 4), ElementsAre());
}

Image Filled(int height, int width, uint8_t value) {
  Image image(height, width);
  for (uint8_t& pixel : image.pixels) pixel = value;
  return image;
}

struct Extent {
  int x0 = 1 << 20, y0 = 1 << 20, x1 = -1, y1 = -1;
};

// Where the pixels of this gray are.
Extent ExtentOf(const Image& sheet, uint8_t value) {
  Extent extent;
  for (int y = 0; y < sheet.height; ++y) {
    for (int x = 0; x < sheet.width; ++x) {
      if (sheet.row(y)[3 * x] != value) continue;
      extent = {std::min(extent.x0, x), std::min(extent.y0, y),
                std::max(extent.x1, x), std::max(extent.y1, y)};
    }
  }
  return extent;
}

TEST(ContactSheetTest, FoundIsAtTheLeftTruthBesideIt) {
  const SheetRow wide = {Filled(100, 480, 101), Filled(100, 480, 102), "a",
                         "b"};
  const SheetRow tall = {Filled(480, 200, 103), Filled(480, 200, 104),
                         std::string(500, 'c'), "d"};
  const Image sheet = ComposeSheet({wide, tall});
  const Extent a = ExtentOf(sheet, 101), b = ExtentOf(sheet, 102);
  const Extent c = ExtentOf(sheet, 103), d = ExtentOf(sheet, 104);
  // Whole, beside each other, and nothing at the border.
  EXPECT_EQ(a.x1 - a.x0, 479);
  EXPECT_EQ(a.y1 - a.y0, 99);
  EXPECT_EQ(a.y0, b.y0);
  EXPECT_GT(b.x0, a.x1);
  EXPECT_GT(a.x0, 0);
  EXPECT_LT(b.x1, sheet.width - 1);
  EXPECT_LT(d.y1, sheet.height - 1);
  // In the middle of the same columns, below.
  EXPECT_EQ(c.x1 - c.x0, 199);
  EXPECT_EQ(c.x0 - a.x0, a.x1 - c.x1);
  EXPECT_EQ(d.x0 - b.x0, b.x1 - d.x1);
  EXPECT_EQ(c.y1 - c.y0, 479);
  EXPECT_GT(c.y0, a.y1);
  // Captions in ink, above; the long one leaves the other column alone.
  const Extent ink = ExtentOf(sheet, 32);
  EXPECT_LT(ink.y0, a.y0);
  int cut = 0;
  for (int y = a.y1; y < c.y0; ++y) {
    for (int x = a.x1 + 1; x < b.x0; ++x) cut += sheet.row(y)[3 * x] == 32;
  }
  EXPECT_EQ(cut, 0);
  EXPECT_EQ(ComposeSheet({}).width, sheet.width);
}

// Pictures of 40 x 50 with a square each, of which detections find some.
class DrawContactSheetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(
        ::testing::TempDir(), "/sheet_",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    std::vector<std::string> images, annotations;
    for (int i = 1; i <= 3; ++i) {
      images.push_back(absl::StrCat(
          "{\"id\": ", i, ", \"height\": 40, \"width\": 50, \"file_name\": \"",
          i, ".png\"}"));
      annotations.push_back(absl::StrCat("{\"id\": ", i, ", \"image_id\": ", i,
                                         ", \"category_id\": 1, \"area\": 400, "
                                         "\"bbox\": [5, 5, 20, 20], ",
                                         kSquare, "}"));
      Save(absl::StrCat(i, ".png"), *data::EncodePng(Image(40, 50)));
    }
    Save("gt.json", absl::StrCat("{\"images\": [", absl::StrJoin(images, ","),
                                 "], \"categories\": [{\"id\": 1, \"name\": "
                                 "\"square\"}], \"annotations\": [",
                                 absl::StrJoin(annotations, ","), "]}"));
  }
  void Save(const std::string& name, const std::string& bytes) const {
    ASSERT_TRUE(WriteFileAtomic(absl::StrCat(root_, "/", name), bytes).ok());
  }
  absl::StatusOr<ContactSheet> Draw(const std::string& found) const {
    Save("dt.json", found);
    const std::string results = root_ + "/dt.json";
    EvalOptions options;
    options.explain = true;
    const auto evaluation = Evaluate(root_ + "/gt.json", results, options);
    if (!evaluation.ok()) return evaluation.status();
    return DrawContactSheet(*evaluation, root_);
  }

  static constexpr char kSquare[] =
      "\"segmentation\": [[5, 5, 25, 5, 25, 25, 5, 25]]";
  std::string root_;
};

TEST_F(DrawContactSheetTest, DrawsWhatTheBestThresholdLeaves) {
  const auto sheet = Draw(absl::StrCat(
      "[{\"image_id\": 1, \"category_id\": 1, \"score\": 0.755, ", kSquare,
      "}, {\"image_id\": 2, \"category_id\": 1, \"score\": 0.3, "
      "\"segmentation\": [[30, 30, 40, 30, 40, 38, 30, 38]]}]"));
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_NEAR(sheet->min_score, 0.75, 1e-9);
  EXPECT_THAT(sheet->problems, ElementsAre());
  const auto image = data::DecodeImage(sheet->jpeg);
  ASSERT_TRUE(image.ok()) << image.status();
  // Enlarged to the column: three rows of 480 x 384.
  EXPECT_GT(image->height, 3 * 384);
  EXPECT_LT(image->height, 3 * 450);
  EXPECT_GT(image->width, 2 * kSheetCell);
  // Of the first row both halves have a coloured square, of the second only the
  // truth: what was found there has too low a score.
  const auto brightness = [&](int row, int column) {
    const int y = (image->height - 12) * row / 3 + 200;
    const int x = 12 + column * (kSheetCell + 12) + 144;
    return image->row(y)[3 * x] + image->row(y)[3 * x + 1] +
           image->row(y)[3 * x + 2];
  };
  EXPECT_GT(brightness(0, 0), 60);
  EXPECT_GT(brightness(0, 1), 60);
  EXPECT_LT(brightness(1, 0), 20);
  EXPECT_GT(brightness(1, 1), 60);
}

TEST_F(DrawContactSheetTest, NothingFoundShowsTheTruth) {
  const auto sheet = Draw("[]");
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_EQ(sheet->min_score, -1);
  EXPECT_FALSE(sheet->jpeg.empty());
}

TEST_F(DrawContactSheetTest, UnreadablePicturesAreNamed) {
  Save("1.png", "no picture");
  Save("2.png", "no picture");
  const auto two = Draw("[]");
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->problems.size(), 2);
  EXPECT_FALSE(two->jpeg.empty());
  Save("3.png", "no picture");
  EXPECT_EQ(Draw("[]")->jpeg, "");
}

}  // namespace
}  // namespace fcis::eval
