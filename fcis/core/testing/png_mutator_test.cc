#include "fcis/core/testing/png_mutator.h"

#include <zlib.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

std::string Bytes(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

uint32_t Sum(const std::string& bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string Chunk(const std::string& type, const std::string& data) {
  return absl::StrCat(Bytes(data.size()), type, data, Bytes(Sum(type + data)));
}

const std::string& Signature() {
  static const std::string signature("\x89PNG\r\n\x1A\n", 8);
  return signature;
}

// Two gray pixels.
std::string File() {
  const std::string header("\0\0\0\2\0\0\0\1\x8\0\0\0\0", 13);
  const std::string row("\0\1\2", 3);
  std::string packed(64, '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(row.data()), row.size());
  packed.resize(size);
  return absl::StrCat(Signature(), Chunk("IHDR", header), Chunk("IDAT", packed),
                      Chunk("IEND", ""));
}

// Whether chunks with right checksums fill it.
bool IsSound(absl::string_view file) {
  if (!absl::ConsumePrefix(&file, Signature())) return false;
  while (file.size() >= 12) {
    size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | uint8_t(file[i]);
    if (size > file.size() - 12) return false;
    const std::string summed(file.substr(4, 4 + size));
    if (file.substr(8 + size, 4) != Bytes(Sum(summed))) return false;
    file.remove_prefix(12 + size);
  }
  return file.empty();
}

TEST(MutatePngTest, ChecksumsStayRight) {
  ASSERT_TRUE(IsSound(File()));
  std::set<std::string> all;
  for (int seed = 1; seed < 500; ++seed) {
    const std::string changed = MutatePng(File(), seed);
    EXPECT_TRUE(IsSound(changed)) << seed;
    all.insert(changed);
  }
  EXPECT_GT(all.size(), 100u);
}

TEST(MutatePngTest, OfWhatIsNone) {
  EXPECT_EQ(MutatePng("text", 1), "text");
  EXPECT_EQ(MutatePng(Signature(), 1), Signature());
  for (int seed = 1; seed < 200; ++seed) {
    MutatePng(File().substr(0, 50), seed);
  }
}

}  // namespace
}  // namespace fcis
