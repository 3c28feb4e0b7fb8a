#include "fcis/data/json/json_scanner.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/config/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

double NumberOf(const std::string& text) {
  JsonScanner json(text);
  double value = -1;
  EXPECT_TRUE(json.ReadNumber(value) && json.ReadEnd())
      << text << ": " << json.status();
  return value;
}

std::string StringOf(const std::string& text) {
  JsonScanner json(text);
  absl::string_view value;
  EXPECT_TRUE(json.ReadString(value) && json.ReadEnd()) << json.status();
  return std::string(value);
}

std::string ErrorOf(const std::string& text) {
  JsonScanner json(text);
  EXPECT_FALSE(json.Skip() && json.ReadEnd()) << text;
  return std::string(json.status().message());
}

TEST(JsonScannerTest, ReadsIntegers) {
  const auto read = [](absl::string_view text) {
    JsonScanner json(text);
    int64_t value = 0;
    return json.ReadInteger("a width", value)
               ? absl::StrCat(value)
               : std::string(json.status().message());
  };
  EXPECT_EQ(read("-3.0"), "-3");
  EXPECT_EQ(read("3.5"), "byte 3: not an integer");
  EXPECT_EQ(read("true"), "byte 0: expected a width, not 'true'");
}

TEST(JsonScannerTest, ReadsNestedObjectsAndArrays) {
  JsonScanner json(R"( { "a" : [ 1 , [2,3] ], "b":{}, "c":[] } )");
  std::vector<double> numbers;
  std::vector<std::string> keys;
  const bool read = json.ReadObject([&](absl::string_view key) {
    keys.emplace_back(key);
    if (key != "a") return json.Skip();
    return json.ReadArray([&] {
      if (json.Peek() == JsonScanner::Kind::kArray) return json.Skip();
      numbers.emplace_back();
      return json.ReadNumber(numbers.back());
    });
  });
  EXPECT_TRUE(read && json.ReadEnd()) << json.status();
  EXPECT_THAT(keys, ElementsAre("a", "b", "c"));
  EXPECT_THAT(numbers, ElementsAre(1));
}

// The keys of an object written like the last one are recognised by their text.
TEST(JsonScannerTest, ObjectsAlikeAndNotAlike) {
  std::string many = "{\"0\": 0";
  for (int i = 1; i < 100; ++i) absl::StrAppend(&many, ",\"", i, "\": ", i);
  absl::StrAppend(&many, "}");
  for (const std::string& object : std::vector<std::string>{
           R"({"a": 1, "b": {"a": 2}})", R"({"a": 3, "b": {"a": 4}})",
           R"({"a":3,"b":4})", R"({"ab": 1, "b": 2, "c": 3})",
           R"({"a": 1, "\u0062": 2, "c": 3})", R"({"a": 1, "b": 2, "c": 3})",
           R"({ "a" : 1 , "b" : 2 })", R"({})", R"({"": 1})", many}) {
    std::string text = R"([{"a": 1, "b": {"a": 2}, "c": 3},)";
    absl::StrAppend(&text, object, ",", object, ",", many, "]");
    JsonScanner json(text);
    std::vector<std::string> keys;
    EXPECT_TRUE(json.ReadArray([&] {
      return json.ReadObject([&](absl::string_view key) {
        keys.emplace_back(key);
        return json.Skip();
      });
    }) && json.ReadEnd())
        << object << json.status();
    rapidjson::Document oracle;
    oracle.Parse(text.c_str());
    std::vector<std::string> expected;
    for (const auto& element : oracle.GetArray()) {
      for (const auto& member : element.GetObject()) {
        expected.emplace_back(member.name.GetString());
      }
    }
    EXPECT_EQ(keys, expected) << object;
  }
}

TEST(JsonScannerTest, SkipReturnsTheText) {
  JsonScanner json(R"([ [1, {"a": "]"}] , 7])");
  std::vector<std::string> texts;
  EXPECT_TRUE(json.ReadArray([&] {
    absl::string_view text;
    const bool read = json.Skip(text);
    texts.emplace_back(text);
    return read;
  }));
  EXPECT_THAT(texts, ElementsAre(R"([1, {"a": "]"}])", "7"));
}

TEST(JsonScannerTest, NumbersAreCorrectlyRounded) {
  EXPECT_EQ(NumberOf("0"), 0);
  EXPECT_TRUE(std::signbit(NumberOf("-0")));
  EXPECT_EQ(NumberOf("-12.5e-1"), -1.25);
  EXPECT_EQ(NumberOf("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(NumberOf("-1e999"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(NumberOf("1e-999"), 0);
  EXPECT_EQ(NumberOf("Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(NumberOf("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(NumberOf("NaN")));
  // Halfway between two doubles; the tail decides.
  EXPECT_EQ(NumberOf("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(NumberOf("9007199254740993.00000000000000000000001"),
            9007199254740994.0);
  EXPECT_EQ(NumberOf("4503599627370496.5"), 4503599627370496.0);
  EXPECT_EQ(NumberOf("4503599627370497.5"), 4503599627370498.0);
  EXPECT_EQ(NumberOf("1125899906842624.125"), 1125899906842624.0);
  EXPECT_EQ(NumberOf("1125899906842624.1250000001"),
            NumberOf("1125899906842624.25"));
  EXPECT_EQ(NumberOf("9007199254740991.999"), 9007199254740992.0);
  EXPECT_EQ(NumberOf("9.999999999999999999"), 10);
  EXPECT_EQ(NumberOf("18446744073709551615"), 18446744073709551616.0);
  EXPECT_EQ(NumberOf("0.1000000000000000055511151231257827"), 0.1);
  EXPECT_EQ(NumberOf("123456789012345678901234567890"),
            123456789012345678901234567890.0);
}

TEST(JsonScannerTest, RandomNumbersEqualRapidJsons) {
  for (uint64_t i = 0; i < 20000; ++i) {
    const uint64_t bits = RngBits(7, i);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const int digits = static_cast<int>(RngBits(8, i) % 25);
    const double small = std::ldexp(static_cast<double>(bits >> 11), -45);
    for (const std::string& text : {absl::StrFormat("%.*e", digits, value),
                                    absl::StrFormat("%.*f", digits, small),
                                    absl::StrFormat("%.*f", digits % 6, small),
                                    absl::StrFormat("%.17g", small)}) {
      rapidjson::Document oracle;
      oracle.Parse<rapidjson::kParseFullPrecisionFlag>(text.c_str());
      ASSERT_FALSE(oracle.HasParseError()) << text;
      ASSERT_EQ(NumberOf(text), oracle.GetDouble()) << text;
      ASSERT_EQ(NumberOf(text + "        "), oracle.GetDouble()) << text;
    }
  }
}

// As one by one, whatever is behind it.
TEST(JsonScannerTest, ReadsNumbers) {
  for (const char* text :
       {"[]", "[ 1 ]", "[1, 2.5,-3 , 4e1,5]", "[1,2, Infinity, 0.25, 7]",
        "[0.1, 12345678.12345678, 123456789012345678, -0.25, 00]", "[1,]",
        "[1, 02, 3]", "[1, x]", "[1, 2., 3]", "[1 2]", "[1, -, 2]", "[1,"}) {
    for (const char* behind : {"", "                                  "}) {
      const std::string padded = absl::StrCat(text, behind);
      std::vector<double> expected = {9}, values = {9};
      JsonScanner one_by_one(padded), json(padded);
      const bool read = one_by_one.ReadArray([&] {
        expected.emplace_back();
        return one_by_one.ReadNumber(expected.back());
      });
      EXPECT_EQ(json.ReadNumbers(values), read) << padded;
      EXPECT_EQ(json.status(), one_by_one.status()) << padded;
      EXPECT_EQ(json.offset(), one_by_one.offset()) << padded;
      EXPECT_EQ(values, expected) << padded;
      EXPECT_EQ(JsonScanner(padded).Skip(), read) << padded;
    }
  }
}

// Numbers as lists have them, with one character in some that may be wrong.
std::string RandomList(uint64_t seed) {
  static constexpr absl::string_view kOdd = ",.-0 e7]x+E\"[\n";
  std::string text = "[";
  for (uint64_t i = 0; i < 40; ++i) {
    const uint64_t bits = RngBits(seed, i);
    const int digits = static_cast<int>(bits % 7 < 5 ? 2 : bits % 18);
    const double value =
        std::ldexp(static_cast<double>(bits >> 20), -36 - bits / 7 % 12);
    absl::StrAppend(&text,
                    i == 0               ? ""
                    : bits / 99 % 3 == 0 ? ","
                                         : ", ",
                    bits / 999 % 5 == 0 ? "-" : "",
                    absl::StrFormat("%.*f", digits, value));
  }
  text += "]";
  const uint64_t odd = RngBits(seed, 99);
  if (odd % 3 != 0) text[odd / 3 % text.size()] = kOdd[odd % kOdd.size()];
  return text;
}

TEST(JsonScannerTest, ReadsLongListsOfNumbers) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    const std::string text = absl::StrCat(RandomList(seed), RandomList(seed));
    std::vector<double> expected, values;
    JsonScanner one_by_one(text), json(text), skips(text);
    const bool read = one_by_one.ReadArray([&] {
      expected.emplace_back();
      return one_by_one.ReadNumber(expected.back());
    });
    ASSERT_EQ(json.ReadNumbers(values), read) << text;
    ASSERT_EQ(json.status(), one_by_one.status()) << text;
    ASSERT_EQ(json.offset(), one_by_one.offset()) << text;
    ASSERT_EQ(values, expected) << text;
    if (!read) continue;
    ASSERT_TRUE(skips.Skip()) << text;
    ASSERT_EQ(skips.offset(), json.offset()) << text;
  }
}

TEST(JsonScannerTest, KnowsIntegralNumbers) {
  const auto integer = [](const std::string& text) {
    JsonScanner json(text);
    JsonNumber number;
    EXPECT_TRUE(json.ReadNumber(number)) << text;
    EXPECT_EQ(number.value, NumberOf(text)) << text;
    return number.integral ? absl::StrCat(number.integer) : "no";
  };
  for (const char* behind : {"", "         "}) {
    for (const char* text : {"0", "7", "1234567", "12345678", "123456789"}) {
      EXPECT_EQ(integer(absl::StrCat(text, behind)), text);
    }
    EXPECT_EQ(integer(absl::StrCat("12.0", behind)), "12");
    EXPECT_EQ(integer(absl::StrCat("12.5", behind)), "no");
    EXPECT_EQ(integer(absl::StrCat("12e1", behind)), "120");
    EXPECT_EQ(integer(absl::StrCat("-12", behind)), "-12");
  }
  EXPECT_EQ(integer("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(integer("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(integer("9223372036854775808"), "no");
  EXPECT_EQ(integer("42.0"), "42");
  EXPECT_EQ(integer("4.2e1"), "42");
  EXPECT_EQ(integer("42.5"), "no");
  EXPECT_EQ(integer("1e300"), "no");
}

TEST(JsonScannerTest, NoNumberIsIntegralThatIsNone) {
  JsonNumber number;
  EXPECT_TRUE(JsonScanner("NaN").ReadNumber(number));
  EXPECT_FALSE(number.integral);
  for (const char* behind : {"", "         "}) {
    const std::string text = absl::StrCat("012", behind);
    JsonScanner json(text);
    EXPECT_FALSE(json.ReadNumber(number) && json.ReadEnd());
  }
}

TEST(JsonScannerTest, Strings) {
  EXPECT_EQ(StringOf(R"("")"), "");
  EXPECT_EQ(StringOf(R"("a long string without any escape in it")"),
            "a long string without any escape in it");
  EXPECT_EQ(StringOf(R"("\\\"\/\b\f\n\r\t")"), "\\\"/\b\f\n\r\t");
  EXPECT_EQ(StringOf(R"("a long string, and then \\ an escape \u005c")"),
            "a long string, and then \\ an escape \\");
  EXPECT_EQ(StringOf(R"("\u0041\u00e9\u20ac\ud83d\ude00")"),
            "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(StringOf(R"("\ud83dx\ude00")"), "\xef\xbf\xbdx\xef\xbf\xbd");
  EXPECT_EQ(StringOf(R"("\ud83d\u0078")"), "\xef\xbf\xbdx");
  EXPECT_EQ(StringOf("\"\xc3\xa9\""), "\xc3\xa9");
}

TEST(JsonScannerTest, ErrorsNameTheByteAndTheExpectation) {
  EXPECT_EQ(ErrorOf(""),
            "byte 0: expected a JSON value, not the end of the file");
  EXPECT_EQ(ErrorOf("{\"a\" 1}"), "byte 5: expected ':', not '1}'");
  EXPECT_EQ(ErrorOf("[1 2]"), "byte 3: expected ',' or ']', not '2]'");
  EXPECT_EQ(ErrorOf("[1 \"a'\\\x01\"]"),
            "byte 3: expected ',' or ']', not '\"a'\\\\\\x01\"]'");
  EXPECT_EQ(ErrorOf("[1,]"), "byte 3: expected a JSON value, not ']'");
  EXPECT_EQ(ErrorOf("{1:2}"), "byte 1: expected a key in quotes, not '1:2}'");
  EXPECT_EQ(ErrorOf("1 2"), "byte 2: expected the end of the file, not '2'");
  EXPECT_EQ(ErrorOf("\"abc"), "byte 0: the string does not end");
  EXPECT_EQ(ErrorOf("\"ab\nc\""), "byte 3: control character within a string");
  EXPECT_EQ(ErrorOf("\"a\\x\""), "byte 2: unknown escape");
  EXPECT_EQ(ErrorOf("\"\\u12g4\""), "byte 3: expected four hexadecimal digits");
  for (const char* bad : {"01", "-", "1.", ".5", "1e", "+1", "truth", "nul",
                          "-NaN", "\xef\xbb\xbf[]", "[", "{\"a\":1"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("expected")) << bad;
  }
}

TEST(JsonScannerTest, NestingIsLimited) {
  const std::string deep(kMaxJsonDepth, '[');
  const std::string back(kMaxJsonDepth, ']');
  const std::string text = deep + back;
  JsonScanner json(text);
  EXPECT_TRUE(json.Skip() && json.ReadEnd()) << json.status();
  EXPECT_THAT(ErrorOf(deep + '['), HasSubstr("nested deeper"));
}

TEST(JsonScannerTest, TheFirstErrorStays) {
  JsonScanner json("[1, x, y]");
  EXPECT_FALSE(json.ReadArray([&] { return json.Skip(); }));
  const std::string first(json.status().message());
  EXPECT_FALSE(json.ReadEnd());
  EXPECT_EQ(json.status().message(), first);
}

TEST(JsonScannerTest, GoesBackToAValueOfAnotherType) {
  const std::string text = R"([[[1, "x"]], 7])";
  JsonScanner json(text);
  std::vector<double> numbers;
  EXPECT_TRUE(json.ReadArray([&] {
    const JsonScanner::Place place = json.place();
    double number = 0;
    const bool read =
        json.Peek() == JsonScanner::Kind::kNumber
            ? json.ReadNumber(number)
            : json.ReadArray([&] {
                return json.ReadArray([&] { return json.ReadNumber(number); });
              });
    if (read) {
      numbers.push_back(number);
      return true;
    }
    json.GoBack(place);
    return json.Skip();
  }) && json.ReadEnd())
      << json.status();
  EXPECT_EQ(numbers, std::vector<double>{7});
}

TEST(JsonScannerTest, ExplainsAnError) {
  JsonScanner json("x");
  EXPECT_FALSE(json.Explain(" (nothing)"));
  EXPECT_TRUE(json.ok());
  EXPECT_FALSE(json.Skip());
  json.Explain(" (in a)");
  EXPECT_EQ(json.status().message(),
            "byte 0: expected a JSON value, not 'x' (in a)");
}

}  // namespace
}  // namespace fcis::data
