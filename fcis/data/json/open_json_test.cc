#include "fcis/data/json/open_json.h"

#include <zlib.h>

#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Gzip(absl::string_view text) {
  z_stream stream = {};
  EXPECT_EQ(
      deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
      Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(&packed[0]);
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

std::string Read(absl::string_view bytes) {
  const MemoryFile file(bytes);
  const auto read = OpenJson(file.path());
  return read.ok() ? std::string((*read)->bytes())
                   : std::string(read.status().message());
}

TEST(OpenJsonTest, PlainTextIsAsItIs) {
  for (const char* text : {"", "[]", "{\"a\": 1}", "no JSON"}) {
    EXPECT_EQ(Read(text), text);
  }
}

TEST(OpenJsonTest, Case33GzipIsUnpacked) {
  EXPECT_EQ(Read(Gzip("{}")), "{}");
  EXPECT_EQ(Read(Gzip("")), "");
  std::string large = "[0";
  for (int i = 0; i < 300000; ++i)
    large += "," + std::to_string(i % 997 * 7919);
  EXPECT_EQ(Read(Gzip(large)), large);
  // Members, one after another, and padding.
  EXPECT_EQ(Read(Gzip("[1,") + Gzip("2]") + std::string(100, '\0')), "[1,2]");
}

TEST(OpenJsonTest, AByteOrderMarkOfUtf8BecomesBlanks) {
  EXPECT_EQ(Read("\xEF\xBB\xBF{}"), "   {}");
  EXPECT_EQ(Read(Gzip("\xEF\xBB\xBF[]")), "   []");
  EXPECT_EQ(Read("\xEF\xBB\xBF"), "   ");
}

TEST(OpenJsonTest, DamagedGzipIsNamed) {
  const std::string whole = Gzip("[1, 2, 3, 4, 5, 6]");
  for (size_t size = 2; size < whole.size(); ++size) {
    EXPECT_THAT(Read(whole.substr(0, size)), HasSubstr("damaged gzip file"))
        << size;
  }
  std::string broken = whole;
  broken[whole.size() - 6] ^= 1;  // of the checksum
  EXPECT_THAT(Read(broken), HasSubstr("damaged gzip file"));
  EXPECT_THAT(Read(whole + "garbage"), HasSubstr("damaged gzip file"));
  // Without checksum and length; what is there fills the room for it.
  const std::string full = Gzip(std::string(size_t{1} << 16, ' '));
  EXPECT_THAT(Read(full.substr(0, full.size() - 8)),
              HasSubstr("it is cut off"));
}

// Thousand bytes of zeros fit in one; of zeros that are packed twice, a
// million.
TEST(OpenJsonTest, WhatUnpacksWithoutEndIsRefused) {
  std::string bomb;
  const std::string zeros = Gzip(std::string(kFreeGzipBytes, '0'));
  for (int i = 0; i < 17; ++i) bomb += zeros;
  EXPECT_THAT(Read(bomb), HasSubstr("unpack to more than 2"));
  EXPECT_EQ(Read(zeros).size(), kFreeGzipBytes);
  EXPECT_THAT(Read(zeros + Gzip("0")), HasSubstr("more than 67108864"));
}

TEST(OpenJsonTest, OtherFilesAreNamed) {
  EXPECT_THAT(Read("PK\x03\x04..."),
              AllOf(HasSubstr("expected JSON"), HasSubstr("unzip")));
  EXPECT_THAT(Read("\xff\xfe[1]"), HasSubstr("UTF-16"));
  EXPECT_THAT(Read("<!DOCTYPE html><html>"), HasSubstr("HTML"));
  EXPECT_THAT(Read(Gzip("<html>")), HasSubstr("in the gzip file is an HTML"));
  EXPECT_FALSE(OpenJson("/nowhere.json").ok());
}

}  // namespace
}  // namespace fcis::data
