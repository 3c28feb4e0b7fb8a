#include "fcis/core/io/file_kind.h"

#include <string>
#include <utility>

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
  EXPECT_EQ(KindOfBytes(std::string(257, 'a') + "ustar  "), FileKind::kTar);
  EXPECT_EQ(KindOfBytes(std::string(257, 'a') + std::string("ustar\0", 6)),
            FileKind::kTar);
  EXPECT_EQ(KindOfBytes({"\0\0\0\x20"
                         "ftypavif",
                         12}),
            FileKind::kHeif);
  EXPECT_EQ(KindOfBytes({"\0\0\0\x0cjP  \r\n\x87\n", 12}), FileKind::kJpeg2000);
}

TEST(KindOfBytesTest, Videos) {
  const auto kind = [](absl::string_view begin) {
    return KindOfBytes(std::string(begin) + std::string(500, '\0'));
  };
  EXPECT_EQ(kind({"\0\0\0\x20"
                  "ftypisom",
                  12}),
            FileKind::kMp4);
  EXPECT_EQ(kind({"\0\0\0\x14"
                  "ftypqt  ",
                  12}),
            FileKind::kMp4);
  EXPECT_EQ(kind("\x1a\x45\xdf\xa3"), FileKind::kMatroska);
  EXPECT_EQ(kind("RIFF....AVI LIST"), FileKind::kAvi);
  EXPECT_EQ(kind("FLV\x01"), FileKind::kFlv);
  EXPECT_EQ(kind("OggS"), FileKind::kOgg);
  EXPECT_EQ(kind("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), FileKind::kAsf);
  EXPECT_EQ(kind({"\0\0\1\xba", 4}), FileKind::kMpeg);
  EXPECT_EQ(kind("YUV4MPEG2 W2"), FileKind::kY4m);
  std::string packets(564, 'x');
  packets[0] = packets[188] = 'G';
  EXPECT_EQ(KindOfBytes(packets), FileKind::kUnknown);
  packets[376] = 'G';
  EXPECT_EQ(KindOfBytes(packets), FileKind::kMpeg);
}

// What a text holds further in is no signature.
TEST(KindOfBytesTest, TextsAreNotTakenForWhatTheyMention) {
  for (const char* begin : {"{", "\n [", "\xef\xbb\xbf{"}) {
    const std::string json = begin + std::string(256, ' ');
    for (const char* word : {"ustar ", "ustard"}) {
      EXPECT_EQ(KindOfBytes(json.substr(0, 257) + word), FileKind::kUnknown);
    }
    for (const char* word : {"ftypavif", "ftypheic", "jP  \r\n"}) {
      EXPECT_EQ(KindOfBytes(json.substr(0, 4) + word), FileKind::kUnknown);
    }
  }
  EXPECT_EQ(KindOfBytes(std::string(257, 'a') + "ustard"), FileKind::kUnknown);
  EXPECT_EQ(KindOfBytes("12345678WEBP"), FileKind::kUnknown);
  EXPECT_EQ(KindOfBytes("RIFF"), FileKind::kUnknown);
}

TEST(KindOfBytesTest, JsonAndNothingAreUnknown) {
  for (const char* text : {"", "[", "{}", " [1]", "null", "hello"}) {
    EXPECT_EQ(KindOfBytes(text), FileKind::kUnknown) << text;
    EXPECT_EQ(Describe(KindOfBytes(text)), "");
  }
}

TEST(KindOfBytesTest, EveryKindIsDescribed) {
  for (int kind = 1; kind <= static_cast<int>(FileKind::kY4m); ++kind) {
    EXPECT_NE(Describe(static_cast<FileKind>(kind)), "") << kind;
  }
}

TEST(KindOfBytesTest, DescriptionsAreTheKinds) {
  const std::pair<FileKind, const char*> kinds[] = {
      {FileKind::kGzip, "gzip"},         {FileKind::kZip, "unzip"},
      {FileKind::kTar, "tar"},           {FileKind::kUtf32, "UTF-32"},
      {FileKind::kXml, "XML"},           {FileKind::kPickle, "pickle"},
      {FileKind::kJpeg, "JPEG"},         {FileKind::kWebp, "WebP"},
      {FileKind::kJpeg2000, "2000"},     {FileKind::kPdf, "PDF"},
      {FileKind::kMatroska, "Matroska"}, {FileKind::kAsf, "Windows Media"},
      {FileKind::kY4m, "YUV4MPEG2"},
  };
  for (const auto& [kind, name] : kinds) {
    EXPECT_THAT(std::string(Describe(kind)), HasSubstr(name));
  }
}

}  // namespace
}  // namespace fcis
