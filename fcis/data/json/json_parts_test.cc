#include "fcis/data/json/json_parts.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAreArray;
using ::testing::StartsWith;

// The numbers "n" of the array's objects, and where the array ends.
absl::StatusOr<std::vector<double>> Read(const std::string& text, int parts,
                                         size_t* end) {
  SetNumThreads(3);
  std::vector<std::vector<double>> numbers(static_cast<size_t>(parts));
  const absl::StatusOr<ArrayParts> read =
      ReadArrayParts(text, 0, parts, [&](size_t part) {
        std::vector<double>* const list = &numbers[part];
        list->clear();
        return [list](JsonScanner& json) {
          return json.ReadObject([&](absl::string_view key) {
            if (key != "n") return json.Skip();
            list->emplace_back();
            return json.ReadNumber(list->back());
          });
        };
      });
  if (!read.ok()) return read.status();
  *end = read->end;
  std::vector<double> all;
  for (size_t i = 0; i < read->parts; ++i) {
    all.insert(all.end(), numbers[i].begin(), numbers[i].end());
  }
  return all;
}

// An array of objects, each with what looks like the border of two.
std::string Array(int objects, const std::string& decoy) {
  std::string text = "[";
  for (int i = 0; i < objects; ++i) {
    absl::StrAppend(&text, i > 0 ? " ,\n" : "", "{\"x\": ", decoy,
                    ", \"n\": ", i, "}");
  }
  return text + "]";
}

TEST(ReadArrayPartsTest, AnyNumberOfPartsReadsTheSame) {
  std::vector<double> expected;
  for (int i = 0; i < 57; ++i) expected.push_back(i);
  for (const std::string decoy : {"0", "[{\"n\": -1}, {\"n\": -2}, {}]",
                                  "\"a}, {b\"", "{\"y\": {\"n\": [-1]}}"}) {
    const std::string text = Array(57, decoy);
    for (const int parts : {1, 2, 3, 7, 50}) {
      for (const std::string rest : {"", " ", ", \"c\": [{}, {}]}"}) {
        size_t end = 0;
        const auto read = Read(text + rest, parts, &end);
        ASSERT_TRUE(read.ok()) << decoy << parts << ": " << read.status();
        EXPECT_THAT(*read, ElementsAreArray(expected)) << decoy << parts;
        EXPECT_EQ(end, text.size());
      }
    }
  }
}

TEST(ReadArrayPartsTest, EmptyArray) {
  for (const std::string text : {"[]", "[ ]"}) {
    size_t end = 0;
    const auto read = Read(text, 3, &end);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(read->empty());
    EXPECT_EQ(end, text.size());
  }
}

TEST(ReadArrayPartsTest, TheFirstErrorIsReported) {
  std::string text = Array(40, "0");
  const size_t first = text.find("\"n\": 9") + 5;
  text[first] = text[text.find("\"n\": 31") + 5] = '?';
  for (const int parts : {1, 2, 5}) {
    size_t end = 0;
    const auto read = Read(text, parts, &end);
    ASSERT_FALSE(read.ok());
    EXPECT_THAT(
        std::string(read.status().message()),
        StartsWith(absl::StrCat("[9]: byte ", first, ": expected a number")))
        << parts;
  }
}

TEST(ReadArrayPartsTest, TruncatedArraysAreErrors) {
  const std::string text = Array(12, "0");
  for (size_t size = 1; size < text.size(); ++size) {
    for (const int parts : {1, 4}) {
      size_t end = 0;
      EXPECT_FALSE(Read(text.substr(0, size), parts, &end).ok())
          << size << " of " << text.size() << " bytes, " << parts << " parts";
    }
  }
}

}  // namespace
}  // namespace fcis::data
