#include "fcis/data/convert/label_studio_rle.h"

#include <cstdint>
#include <random>
#include <vector>

#include "fcis/core/rle/rle_bitmap.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

class BitWriter {
 public:
  void Put(uint32_t value, int bits) {
    for (int i = bits - 1; i >= 0; --i, ++at_) {
      if (at_ % 8 == 0) bytes.push_back(0);
      bytes.back() |= static_cast<uint8_t>((value >> i & 1) << (7 - at_ % 8));
    }
  }
  std::vector<uint8_t> bytes;

 private:
  size_t at_ = 0;
};

// As the brush writes masks: RGBA values, whose opacity is 255 or 0, in runs
// and in lists of values by turns.
std::vector<uint8_t> Pack(const std::vector<uint8_t>& mask, uint32_t seed) {
  std::vector<uint8_t> values;
  for (const uint8_t bit : mask) {
    const uint8_t value = bit != 0 ? 255 : 0;
    values.insert(values.end(), 4, value);
  }
  const int sizes[] = {3, 4, 8, 16};
  BitWriter out;
  out.Put(static_cast<uint32_t>(values.size()), 32);
  out.Put(7, 5);
  for (const int size : sizes) out.Put(size - 1, 4);
  std::mt19937 random(seed);
  for (size_t i = 0; i < values.size();) {
    const uint32_t size = random() % 4;
    const size_t most = std::min(values.size() - i, size_t{1} << sizes[size]);
    size_t same = 1;
    while (same < most && values[i + same] == values[i]) ++same;
    const bool repeated = random() % 2 == 0;
    const size_t length = repeated ? same : 1 + random() % most;
    out.Put(repeated, 1);
    out.Put(size, 2);
    out.Put(static_cast<uint32_t>(length - 1), sizes[size]);
    for (size_t j = 0; j < (repeated ? 1 : length); ++j) {
      out.Put(values[i + j], 8);
    }
    i += length;
  }
  return out.bytes;
}

TEST(LabelStudioRleTest, GivesRandomMasksBack) {
  std::mt19937 random(3);
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const int height = 1 + random() % 20, width = 1 + random() % 20;
    std::vector<uint8_t> mask(height * width);
    for (uint8_t& bit : mask) bit = random() % 4 == 0;
    const auto rle = DecodeLabelStudioRle(Pack(mask, seed), height, width);
    ASSERT_TRUE(rle.ok()) << rle.status();
    EXPECT_EQ(*rle, EncodeRowMajor(mask.data(), height, width));
  }
}

TEST(LabelStudioRleTest, RefusesWhatEndsEarlyOrIsOfAnotherSize) {
  std::vector<uint8_t> packed = Pack(std::vector<uint8_t>(12, 1), 1);
  EXPECT_FALSE(DecodeLabelStudioRle(packed, 3, 5).ok());
  packed.resize(packed.size() - 2);
  EXPECT_EQ(DecodeLabelStudioRle(packed, 3, 4).status().message(),
            "\"rle\" ends early");
  EXPECT_FALSE(DecodeLabelStudioRle({}, 3, 4).ok());
  EXPECT_FALSE(DecodeLabelStudioRle({}, -1, 4).ok());
}

}  // namespace
}  // namespace fcis::data
