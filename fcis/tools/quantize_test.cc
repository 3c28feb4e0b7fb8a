#include "fcis/tools/quantize.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/jpeg.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SpreadOver, TakesFromAllOver) {
  const std::vector<std::string> paths = {"a", "b", "c", "d", "e", "f"};
  EXPECT_EQ(SpreadOver(paths, 0), paths);
  EXPECT_EQ(SpreadOver(paths, 6), paths);
  EXPECT_EQ(SpreadOver(paths, 100), paths);
  EXPECT_THAT(SpreadOver(paths, 3), ElementsAre("a", "c", "e"));
  EXPECT_THAT(SpreadOver(paths, 4), ElementsAre("a", "b", "d", "e"));
}

TEST(PreparedPictures, LeavesOutWhatCannotBeRead) {
  const std::string good = absl::StrCat(::testing::TempDir(), "/good.jpg");
  const std::string bad = absl::StrCat(::testing::TempDir(), "/bad.jpg");
  ASSERT_TRUE(WriteFileAtomic(good, *data::EncodeJpeg(Image(40, 60), 90)).ok());
  ASSERT_TRUE(WriteFileAtomic(bad, "no picture").ok());
  const InputConfig input = Preset("parity_mini")->input();
  std::vector<absl::Status> errors;
  const auto pictures = PreparedPictures({bad, good}, input, &errors);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  EXPECT_EQ(pictures->size(), 1u);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(std::string(errors[0].message()), HasSubstr(bad));
  errors.clear();
  EXPECT_THAT(
      std::string(PreparedPictures({bad}, input, &errors).status().message()),
      HasSubstr(bad));
}

TEST(QuantizeTable, ShowsLayersAndASum) {
  model::QuantizedModel model;
  model.loss = 0.0123;
  model::QuantizedLayer layer;
  layer.name = "rpn/conv1";
  layer.int8 = true;
  layer.share = 0.75;
  layer.largest = 8;
  layer.clip = 4;
  model.layers.push_back(layer);
  layer.name = "rpn/loc";
  layer.int8 = false;
  layer.clip = 0;
  model.layers.push_back(layer);
  const std::string table = QuantizeTable(model);
  EXPECT_THAT(table, HasSubstr("rpn/conv1                          int8"));
  EXPECT_THAT(table, HasSubstr("rpn/loc                            float"));
  EXPECT_THAT(table, HasSubstr("1 of 2 layers, 75.0 % of the multiplications, "
                               "in 8 bits; the network's outputs are off by "
                               "1.23 %\n"));
  model.loss.reset();
  EXPECT_THAT(QuantizeTable(model),
              HasSubstr("in 8 bits; what that costs was not measured\n"));
}

}  // namespace
}  // namespace fcis::tools
