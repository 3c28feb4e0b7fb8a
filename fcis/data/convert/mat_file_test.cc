#include "fcis/data/convert/mat_file.h"

#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kLimit = 1 << 20;
const std::string kHeader =
    std::string(124, ' ') + std::string("\x00\x01IM", 4);

std::string Word(uint32_t value) {
  return std::string(reinterpret_cast<const char*>(&value), 4);
}

std::string Element(uint32_t type, const std::string& data) {
  const std::string padding((8 - data.size() % 8) % 8, '\0');
  return absl::StrCat(Word(type), Word(data.size()), data, padding);
}

std::string Array(uint32_t kind, uint32_t rows, uint32_t columns,
                  const std::string& name, const std::string& content) {
  return Element(14, absl::StrCat(Element(6, Word(kind) + Word(0)),
                                  Element(5, Word(rows) + Word(columns)),
                                  Element(1, name), content));
}

// A variable s, one struct with the field x.
std::string File(const std::string& x) {
  const std::string names = std::string("x") + std::string(7, '\0');
  return kHeader +
         Array(2, 1, 1, "s",
               absl::StrCat(Element(5, Word(8)), Element(1, names), x));
}

template <typename T>
std::string Bytes(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(&bytes[0], values.begin(), bytes.size());
  return bytes;
}

std::string ErrorOf(const std::string& file) {
  const auto arrays = ReadMatFields(file, "s", {"x"}, kLimit);
  return arrays.ok() ? "" : std::string(arrays.status().message());
}

TEST(MatFileTest, WhatScipyWrote) {
  const auto bytes = ReadFile("fcis/data/convert/testdata/sbd.mat");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto arrays =
      ReadMatFields(*bytes, "GTinst", {"Categories", "Segmentation"}, kLimit);
  ASSERT_TRUE(arrays.ok()) << arrays.status();
  EXPECT_THAT((*arrays)[0].values, ElementsAre(15, 8, 8));
  const MatArray& segmentation = (*arrays)[1];
  EXPECT_EQ(segmentation.rows, 60);
  EXPECT_EQ(segmentation.columns, 80);
  const auto at = [&](int row, int column) {
    return segmentation.values[static_cast<size_t>(column * 60 + row)];
  };
  EXPECT_EQ(at(0, 19), 0);
  EXPECT_EQ(at(59, 20), 1);
  EXPECT_EQ(at(29, 40), 2);
  EXPECT_EQ(at(30, 40), 255);
  EXPECT_EQ(at(0, 79), 3);
  EXPECT_THAT(
      ReadMatFields(*bytes, "GTinst", {"Boundaries"}, kLimit)
          .status()
          .message(),
      HasSubstr("GTinst.Boundaries: expected a matrix of real numbers"));
  EXPECT_THAT(
      ReadMatFields(*bytes, "GTcls", {"Categories"}, kLimit).status().message(),
      HasSubstr("it has no GTcls"));
  EXPECT_THAT(ReadMatFields(*bytes, "other", {"x"}, kLimit).status().message(),
              HasSubstr("other: expected one struct"));
  EXPECT_THAT(
      ReadMatFields(*bytes, "GTinst", {"Categories"}, 100).status().message(),
      HasSubstr("unpacks to more than 100 bytes"));
}

TEST(MatFileTest, NumbersOfAnyType) {
  for (const std::string& content :
       {Element(9, Bytes<double>({3, 70000})),
        Element(7, Bytes<float>({3, 70000})),
        Element(5, Bytes<int32_t>({3, 70000})),
        Element(13, Bytes<uint64_t>({3, 70000}))}) {
    const auto arrays =
        ReadMatFields(File(Array(6, 2, 1, "", content)), "s", {"x"}, kLimit);
    ASSERT_TRUE(arrays.ok()) << arrays.status();
    EXPECT_THAT((*arrays)[0].values, ElementsAre(3, 70000));
  }
  // A small element.
  const auto small = ReadMatFields(
      File(Array(6, 1, 3, "", Word(2 | 3 << 16) + std::string("\1\2\3", 4))),
      "s", {"x"}, kLimit);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_THAT((*small)[0].values, ElementsAre(1, 2, 3));
}

TEST(MatFileTest, NumbersThatAreNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.5, -1.0, 5e9, nan}) {
    EXPECT_THAT(
        ErrorOf(File(Array(6, 1, 1, "", Element(9, Bytes<double>({bad}))))),
        HasSubstr("s.x: expected 1 x 1 whole numbers from 0 on"))
        << bad;
  }
  EXPECT_THAT(
      ErrorOf(File(Array(6, 3, 1, "", Element(9, Bytes<double>({1, 2}))))),
      HasSubstr("whole numbers"));
  EXPECT_THAT(ErrorOf(File(Array(6, 1 << 20, 1 << 20, "", Element(2, "abc")))),
              HasSubstr("numbers are missing"));
  EXPECT_THAT(ErrorOf(File(Array(4, 1, 1, "", Element(4, "ab")))),
              HasSubstr("a matrix of real numbers"));
}

TEST(MatFileTest, OtherFiles) {
  EXPECT_THAT(ErrorOf("5"), HasSubstr("a little-endian file of MATLAB"));
  EXPECT_THAT(ErrorOf("MATLAB 7.3 MAT-file, Platform: GLNXA64"),
              HasSubstr("save it with '-v7'"));
  EXPECT_THAT(ErrorOf(kHeader), HasSubstr("it has no s"));
  EXPECT_THAT(ErrorOf(kHeader + Array(2, 2, 1, "s", "")),
              HasSubstr("expected one struct"));
  EXPECT_THAT(ErrorOf(kHeader + Element(15, "no zlib stream")),
              HasSubstr("damaged: what is packed"));
}

TEST(MatFileTest, WhereverItIsCutOff) {
  const std::string whole =
      File(Array(6, 2, 1, "", Element(9, Bytes<double>({3, 4}))));
  ASSERT_EQ(ErrorOf(whole), "");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(ErrorOf(whole.substr(0, size)), "") << size;
  }
}

}  // namespace
}  // namespace fcis::data
