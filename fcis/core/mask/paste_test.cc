#include "fcis/core/mask/paste.h"

#include <vector>

#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

Tensor Ones() {
  Tensor t(Shape{3, 3});
  for (float& v : t.mutable_span<float>()) v = 1;
  return t;
}

TEST(PasteMask, IsTheReferences) {
  const GoldenFile golden("mask_resize.npz");
  const Tensor boxes = golden.Get("paste/bbox");
  const Tensor probs = golden.Get("paste/mask_prob");
  const std::vector<int> size = golden.Ints("paste/H_W");
  const Tensor want = golden.Get("paste/whole_mask");
  const int64_t m = probs.dim(1);
  Tensor got = Tensor::Zeros(want.shape(), DType::kU8);
  ASSERT_GT(boxes.dim(0), 0);
  for (int64_t i = 0; i < boxes.dim(0); ++i) {
    const float* b = boxes.data<float>() + 4 * i;
    const Tensor prob = Tensor::FromSpan<float>(
        {m, m}, probs.span<float>().subspan(i * m * m, m * m));
    const PastedMask mask =
        PasteMask(prob, {b[1], b[0], b[3], b[2]}, 0.4f, size[0], size[1]);
    for (int y = 0; y < mask.height; ++y) {
      for (int x = 0; x < mask.width; ++x) {
        got.mutable_data<uint8_t>()[(i * size[0] + mask.y0 + y) * size[1] +
                                    mask.x0 + x] =
            mask.bits[y * mask.width + x];
      }
    }
  }
  EXPECT_TRUE(AllEqual(got, want));
}

TEST(PasteMask, CutsOffWhatIsOutside) {
  const PastedMask mask = PasteMask(Ones(), {-2, 3, 5, 9}, 0.5f, 6, 4);
  EXPECT_EQ(mask.x0, 0);
  EXPECT_EQ(mask.y0, 3);
  EXPECT_EQ(mask.width, 4);
  EXPECT_EQ(mask.height, 3);
  EXPECT_EQ(mask.bits, std::vector<uint8_t>(12, 1));
}

TEST(PasteMask, NoPixels) {
  // 2.5 rounds to 2, so the box is empty.
  EXPECT_TRUE(PasteMask(Ones(), {2, 1, 2.5, 4}, 0.5f, 6, 4).bits.empty());
  EXPECT_TRUE(PasteMask(Ones(), {9, 1, 12, 4}, 0.5f, 6, 4).bits.empty());
}

TEST(PasteThreshold, ChainercvExcludesIt) {
  PostprocessConfig config;
  EXPECT_EQ(PasteThreshold(config), 0.4f);
  config.set_voting_rule(PostprocessConfig::CHAINERCV);
  EXPECT_GT(PasteThreshold(config), 0.4f);
}

TEST(CutMaskTest, TakesTheBoxOut) {
  const std::vector<uint8_t> bitmap = {0, 0, 0, 0,  //
                                       0, 1, 0, 1,  //
                                       0, 1, 1, 0};
  const PastedMask mask = CutMask(bitmap.data(), 4, {1, 1, 4, 3});
  EXPECT_EQ(mask.x0, 1);
  EXPECT_EQ(mask.y0, 1);
  EXPECT_EQ(mask.width, 3);
  EXPECT_EQ(mask.height, 2);
  EXPECT_EQ(mask.bits, std::vector<uint8_t>({1, 0, 1, 1, 1, 0}));
  EXPECT_EQ(CutMask(bitmap.data(), 4, {2, 2, 2, 3}).width, 0);
}

TEST(RleToPastedMaskTest, OfItsOwnSizeAndOfAnother) {
  // Down the columns of 5 x 4: two empty ones, .11.., ..11.
  const Rle rle = {5, 4, {11, 2, 4, 2, 1}};
  const PastedMask mask = RleToPastedMask(rle, 5, 4);
  EXPECT_EQ(mask.x0, 2);
  EXPECT_EQ(mask.y0, 1);
  EXPECT_EQ(mask.width, 2);
  EXPECT_EQ(mask.height, 3);
  EXPECT_EQ(mask.bits, std::vector<uint8_t>({1, 0, 1, 1, 0, 1}));
  EXPECT_TRUE(PastedMaskToRle(mask, 5, 4) == rle);
  const PastedMask larger = RleToPastedMask(rle, 10, 8);
  EXPECT_EQ(larger.x0, 4);
  EXPECT_EQ(larger.y0, 2);
  EXPECT_EQ(larger.width, 4);
  EXPECT_EQ(larger.height, 6);
  const PastedMask smaller = RleToPastedMask(rle, 2, 2);
  EXPECT_EQ(smaller.width, 1);
  EXPECT_EQ(smaller.height, 2);
  EXPECT_EQ(smaller.bits, std::vector<uint8_t>({0, 1}));
}

TEST(RleToPastedMaskTest, NoPixels) {
  EXPECT_TRUE(RleToPastedMask({2, 3, {6}}, 2, 3).bits.empty());
  EXPECT_TRUE(RleToPastedMask({2, 3, {1, 7}}, 2, 3).bits.empty());
  EXPECT_TRUE(RleToPastedMask({}, 2, 3).bits.empty());
}

TEST(PastedMaskToRleTest, PutsTheMaskInItsPlace) {
  PastedMask mask;
  mask.x0 = 2;
  mask.y0 = 1;
  mask.width = 2;
  mask.height = 3;
  mask.bits = {1, 0,  //
               1, 1,  //
               0, 1};
  // Down the columns of 5 x 4: two empty ones, .11.., ..11.
  EXPECT_TRUE(PastedMaskToRle(mask, 5, 4) == (Rle{5, 4, {11, 2, 4, 2, 1}}));
}

TEST(PastedMaskToRleTest, NoPixels) {
  EXPECT_TRUE(PastedMaskToRle(PastedMask(), 2, 3) == (Rle{2, 3, {6}}));
}

}  // namespace
}  // namespace fcis
