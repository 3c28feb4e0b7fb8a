#include "fcis/core/io/zip_archive.h"

#include <zlib.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Two() { return MakeZip({{"a/b", "first"}, {"empty", ""}}).value(); }

std::string ErrorOf(const std::string& archive) {
  const auto members = ListZip(archive);
  if (!members.ok()) return std::string(members.status().message());
  for (const ZipMember& member : *members) {
    const auto bytes = UnpackZipMember(archive, member);
    if (!bytes.ok()) return std::string(bytes.status().message());
  }
  return "";
}

std::string Little(uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, number >>= 8) {
    text.push_back(static_cast<char>(number));
  }
  return text;
}

std::string Deflated(DeflateFormat format, const std::string& text) {
  std::string packed(text.size() + 1000, '\0');
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, static_cast<int>(format), 8,
                         Z_DEFAULT_STRATEGY),
            Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef*>(&packed[0]);
  stream.avail_out = packed.size();
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

constexpr DeflateFormat kDeflateFormats[] = {
    DeflateFormat::kRaw, DeflateFormat::kZlib, DeflateFormat::kGzip};

TEST(InflateTest, TakesOneStreamOffTheFront) {
  for (const DeflateFormat format : kDeflateFormats) {
    for (const size_t size : {0, 1, 65535, 65536, 65537, 1000000}) {
      const std::string text(size, 'x');
      const std::string packed = Deflated(format, text) + "rest";
      absl::string_view left = packed;
      std::string out = "before";
      ASSERT_TRUE(Inflate(format, size + 6, &left, &out).ok()) << size;
      EXPECT_EQ(out, "before" + text);
      EXPECT_EQ(left, "rest");
    }
  }
}

TEST(InflateTest, UnpacksNoMoreThanTheLimit) {
  for (const size_t size : {1, 65536, 1000000}) {
    const std::string packed =
        Deflated(DeflateFormat::kZlib, std::string(size, 'x'));
    absl::string_view left = packed;
    std::string out;
    const absl::Status status =
        Inflate(DeflateFormat::kZlib, size - 1, &left, &out);
    EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
    EXPECT_THAT(status.message(),
                HasSubstr(absl::StrCat("more than ", size - 1, " bytes")));
    EXPECT_EQ(out.size(), size);
  }
}

TEST(InflateTest, NamesWhatIsWrong) {
  for (const DeflateFormat format : kDeflateFormats) {
    const std::string packed = Deflated(format, "some text, some more text");
    for (size_t size = 0; size < packed.size(); ++size) {
      absl::string_view left(packed.data(), size);
      std::string out;
      const absl::Status status = Inflate(format, 100, &left, &out);
      EXPECT_TRUE(absl::IsDataLoss(status)) << size << status;
      EXPECT_THAT(status.message(), HasSubstr("cut off"));
    }
    absl::string_view none = "\xff\xff, which is no stream";
    std::string out;
    EXPECT_TRUE(absl::IsDataLoss(Inflate(format, 100, &none, &out)));
  }
}

TEST(IsSafeMemberNameTest, StaysBelow) {
  for (const char* name : {"a", "a/b.jpg", "..a/b..", "a/"}) {
    EXPECT_TRUE(IsSafeMemberName(name)) << name;
  }
  for (const absl::string_view name :
       {absl::string_view(""), absl::string_view("/a"), absl::string_view(".."),
        absl::string_view("a/../b"), absl::string_view("a\\b"),
        absl::string_view("a\0b", 3)}) {
    EXPECT_FALSE(IsSafeMemberName(name)) << name;
  }
}

TEST(Zip, RoundTrip) {
  const std::string archive = Two();
  const auto members = ListZip(archive).value();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].name, "a/b");
  EXPECT_EQ(members[0].size, 5u);
  EXPECT_EQ(UnpackZipMember(archive, members[0]).value(), "first");
  EXPECT_EQ(members[1].name, "empty");
  EXPECT_EQ(UnpackZipMember(archive, members[1]).value(), "");
  EXPECT_THAT(ListZip(MakeZip({}).value()).value(), IsEmpty());
}

// As of Python's zipfile with force_zip64, and with what is deflated.
TEST(Zip, ReadsZip64AndDeflate) {
  const std::string text(70000, 'x');
  const std::string packed = Deflated(DeflateFormat::kRaw, text);
  const uint32_t crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
  const std::string method_to_crc =
      Little(8, 2) + Little(0, 4) + Little(crc, 4);
  const std::string all_ones = Little(0xFFFFFFFF, 4);
  const std::string local = "PK\3\4" + Little(45, 2) + Little(0, 2) +
                            method_to_crc + all_ones + all_ones + Little(1, 2) +
                            Little(20, 2) + "n" + Little(1, 2) + Little(16, 2) +
                            Little(text.size(), 8) + Little(packed.size(), 8) +
                            packed;
  const std::string entry =
      "PK\1\2" + Little(45, 2) + Little(45, 2) + Little(0, 2) + method_to_crc +
      all_ones + all_ones + Little(1, 2) + Little(28, 2) + Little(0, 10) +
      all_ones + "n" + Little(1, 2) + Little(24, 2) + Little(text.size(), 8) +
      Little(packed.size(), 8) + Little(0, 8);
  const std::string end64 = "PK\6\6" + Little(44, 8) + Little(45, 2) +
                            Little(45, 2) + Little(0, 8) + Little(1, 8) +
                            Little(1, 8) + Little(entry.size(), 8) +
                            Little(local.size(), 8);
  const std::string locator = "PK\6\7" + Little(0, 4) +
                              Little(local.size() + entry.size(), 8) +
                              Little(1, 4);
  const std::string end = "PK\5\6" + Little(0, 4) + Little(0xFFFFFFFF, 4) +
                          all_ones + all_ones + Little(0, 2);
  const std::string archive = local + entry + end64 + locator + end;
  const auto members = ListZip(archive);
  ASSERT_TRUE(members.ok()) << members.status();
  ASSERT_EQ(members->size(), 1u);
  EXPECT_EQ(UnpackZipMember(archive, members->at(0)).value(), text);
}

TEST(Zip, ACommentIsPassedOver) {
  std::string archive = Two();
  archive[archive.size() - 2] = 3;
  EXPECT_EQ(ErrorOf(archive + "abc"), "");
  EXPECT_THAT(ErrorOf(archive + "ab"), HasSubstr("end is missing"));
}

TEST(Zip, NamesWhatIsWrong) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("no zip archive"));
  std::string archive = Two();
  const size_t central = archive.find("PK\1\2");
  archive[central + 8] = 1;
  EXPECT_THAT(ErrorOf(archive), HasSubstr("encrypted"));
  archive = Two();
  archive[central + 10] = 12;
  EXPECT_THAT(ErrorOf(archive), HasSubstr("method 12"));
  archive = Two();
  archive[archive.find("first")] = 'F';
  EXPECT_THAT(ErrorOf(archive), HasSubstr("damaged (checksum"));
  archive = Two();
  archive[archive.size() - 18] = 1;
  EXPECT_THAT(ErrorOf(archive), HasSubstr("volumes"));
  EXPECT_FALSE(MakeZip({{std::string(70000, 'n'), ""}}).ok());
}

}  // namespace
}  // namespace fcis
