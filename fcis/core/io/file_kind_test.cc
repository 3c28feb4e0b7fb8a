#include "fcis/core/io/file_kind.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

TEST(KindOfBytesTest, FirstBytesTell) {
  EXPECT_EQ(KindOfBytes("\x1f\x8b\x08"), FileKind::kGzip);
  EXPECT_EQ(KindOfBytes("PK\x03\x04..."), FileKind::kZip);
  EXPECT_EQ(KindOfBytes("\xff\xfe{"), FileKind::kUtf16);
  EXPECT_EQ(KindOfBytes({"{\0\"\0", 4}), FileKind::kUtf16);
  EXPECT_EQ(KindOfBytes({"\0[\0{", 4}), FileKind::kUtf16);
  EXPECT_EQ(KindOfBytes({"\xff\xfe\0\0[", 5}), FileKind::kUtf32);
  EXPECT_EQ(KindOfBytes("\n <!DOCTYPE HTML><html>"), FileKind::kHtml);
  EXPECT_EQ(KindOfBytes("<HTML>"), FileKind::kHtml);
  EXPECT_EQ(KindOfBytes("<?xml version=\"1.0\"?>\n<html xmlns"),
            FileKind::kHtml);
  EXPECT_EQ(KindOfBytes("<?xml version=\"1.0\"?><annotation>"), FileKind::kXml);
  EXPECT_EQ(KindOfBytes("version https://git-lfs.github.com/spec/v1"),
            FileKind::kGitLfs);
  EXPECT_EQ(KindOfBytes("RIFF....WEBPVP8 "), FileKind::kWebp);
  EXPECT_EQ(KindOfBytes("GIF89a"), FileKind::kGif);
  EXPECT_EQ(KindOfBytes(std::string(257, 'a') + "ustar"), FileKind::kTar);
}

TEST(KindOfBytesTest, JsonAndNothingAreUnknown) {
  for (const char* text : {"", "[", "{}", " [1]", "null", "hello"}) {
    EXPECT_EQ(KindOfBytes(text), FileKind::kUnknown) << text;
    EXPECT_EQ(Describe(KindOfBytes(text)), "");
  }
}

TEST(KindOfBytesTest, EveryKindIsDescribed) {
  for (int kind = 1; kind <= static_cast<int>(FileKind::kPdf); ++kind) {
    EXPECT_NE(Describe(static_cast<FileKind>(kind)), "") << kind;
  }
  EXPECT_THAT(std::string(Describe(FileKind::kZip)), HasSubstr("unzip"));
}

}  // namespace
}  // namespace fcis
