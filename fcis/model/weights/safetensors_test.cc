#include "fcis/model/weights/safetensors.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

// A file with that header and `data` behind it.
absl::Status StatusOf(absl::string_view header, absl::string_view data) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  absl::StrAppend(&bytes, header, data);
  EXPECT_TRUE(WriteFileAtomic(Path("t.safetensors"), bytes).ok());
  return ReadSafetensors(Path("t.safetensors")).status();
}

std::string Entry(absl::string_view name, absl::string_view type,
                  absl::string_view shape, absl::string_view offsets) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"", type, "\",\"shape\":[",
                      shape, "],\"data_offsets\":[", offsets, "]}");
}

TEST(Safetensors, RoundTrip) {
  Safetensors file;
  file.tensors["b"] = Tensor::FromSpan<float>({2, 1}, {1, -2});
  file.tensors["a\"\n"] = Tensor::FromSpan<uint8_t>({3}, {7, 8, 9});
  file.tensors["none"] = Tensor(Shape{0, 5});
  file.tensors["half"] = Tensor::FromSpan<Half>({2}, {{0x3C00}, {0xC000}});
  file.metadata["k"] = "line\n\"quoted\"";
  const std::string path = Path("r.safetensors");
  ASSERT_TRUE(WriteSafetensors(path, file).ok());
  const auto read = ReadSafetensors(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->tensors.size(), 4u);
  EXPECT_EQ(read->tensors.at("half").span<Half>()[1].bits, 0xC000);
  EXPECT_THAT(read->tensors.at("b").span<float>(), ElementsAre(1, -2));
  EXPECT_THAT(read->tensors.at("a\"\n").span<uint8_t>(), ElementsAre(7, 8, 9));
  EXPECT_EQ(read->tensors.at("none").shape(), Shape({0, 5}));
  EXPECT_EQ(read->metadata, file.metadata);
}

// What no model is made of is read all the same: a file of others is listed
// and copied.
TEST(Safetensors, ReadsEveryTypeOfTheFormat) {
  for (const auto& [type, bytes] :
       std::vector<std::pair<std::string, int>>{{"BOOL", 1},
                                                {"I16", 2},
                                                {"U16", 2},
                                                {"U32", 4},
                                                {"F8_E4M3", 1},
                                                {"F8_E5M2", 1}}) {
    const std::string entry =
        Entry("x", type, "2", absl::StrCat("0,", 2 * bytes));
    ASSERT_TRUE(
        StatusOf(absl::StrCat("{", entry, "}"), std::string(2 * bytes, '\1'))
            .ok())
        << type;
    const auto file = ReadSafetensors(Path("t.safetensors"));
    const std::string copy = Path("copy.safetensors");
    ASSERT_TRUE(WriteSafetensors(copy, *file).ok());
    const auto again = ReadSafetensors(copy);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(absl::AsciiStrToUpper(DTypeName(again->tensors.at("x").type())),
              type);
  }
}

TEST(Safetensors, RefusesUnsoundFiles) {
  const std::string eight(8, '\0');
  EXPECT_TRUE(
      StatusOf(absl::StrCat("{", Entry("x", "F32", "2", "0,8"), "}"), eight)
          .ok());
  const auto message = [&](absl::string_view entry) {
    return std::string(
        StatusOf(absl::StrCat("{", entry, "}"), eight).message());
  };
  EXPECT_THAT(message(Entry("x", "F32", "3", "0,8")), HasSubstr("'x'"));
  EXPECT_THAT(message(Entry("x", "F32", "2", "0,9")), HasSubstr("outside"));
  EXPECT_THAT(message(Entry("x", "F32", "2", "8,0")), HasSubstr("outside"));
  EXPECT_THAT(message(Entry("x", "Q4", "2", "0,8")), HasSubstr("type Q4"));
  EXPECT_THAT(message(Entry("x", "F32", "-2", "0,8")), HasSubstr("negative"));
  EXPECT_THAT(message(Entry("x", "F32", "1", "0,4")),
              HasSubstr("belong to no"));
  EXPECT_THAT(message(Entry("x", "F32", "1", "4,8")), HasSubstr("expected 0"));
  EXPECT_THAT(message(Entry("x", "F32", "4611686018427387905", "0,4")),
              HasSubstr("2^62"));
  EXPECT_THAT(message(absl::StrCat(Entry("x", "F32", "1", "0,4"), ",",
                                   Entry("x", "F32", "1", "4,8"))),
              HasSubstr("twice"));
  EXPECT_THAT(message("\"x\":{\"dtype\":3}"), HasSubstr("lacks"));
  EXPECT_THAT(StatusOf("[1]", "").message(), HasSubstr("no object"));
  EXPECT_THAT(StatusOf("{", "").message(), HasSubstr("at byte"));
  EXPECT_FALSE(StatusOf(std::string(1000000, '['), "").ok());
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  Safetensors file;
  file.metadata["key"] = "\xff";
  const std::string path = Path("text.safetensors");
  EXPECT_THAT(WriteSafetensors(path, file).message(),
              HasSubstr("text.safetensors: a name or text"));
  EXPECT_FALSE(ReadSafetensors(path).ok());
}

TEST(Safetensors, HeaderLengthIsChecked) {
  const uint64_t length = ~uint64_t{0};
  ASSERT_TRUE(WriteFileAtomic(
                  Path("l.safetensors"),
                  absl::string_view(reinterpret_cast<const char*>(&length), 8))
                  .ok());
  EXPECT_FALSE(ReadSafetensors(Path("l.safetensors")).ok());
  ASSERT_TRUE(WriteFileAtomic(Path("s.safetensors"), "abc").ok());
  EXPECT_THAT(ReadSafetensors(Path("s.safetensors")).status().message(),
              HasSubstr("too short"));
}

TEST(Safetensors, HeadersAreLimited) {
  std::string header(kMaxSafetensorsHeader, ' ');
  header.replace(0, 2, "{}");
  EXPECT_EQ(StatusOf(header, ""), absl::OkStatus());
  EXPECT_THAT(StatusOf(header + " ", "").message(),
              HasSubstr("a header of 100000001 bytes"));
}

}  // namespace
}  // namespace fcis::model
