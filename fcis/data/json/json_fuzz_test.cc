// Text, also packed by gzip: what the scanner takes RapidJSON takes, too, and
// every value reads the same by each of the scanner's ways; numbers as strtod
// reads them.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/json_mutator.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/data/json/json_parts.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/open_json.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"

namespace fcis::data {
namespace {

using Kind = JsonScanner::Kind;

bool SameNumber(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

// A number by its three readers, and as the C library reads the text.
bool ReadNumber(JsonScanner& json) {
  const JsonScanner::Place place = json.place();
  absl::string_view text;
  double value = 0;
  JsonNumber number;
  if (!json.Skip(text)) return false;
  json.GoBack(place);
  ABSL_RAW_CHECK(json.ReadNumber(value), "a number that can be skipped");
  json.GoBack(place);
  ABSL_RAW_CHECK(json.ReadNumber(number), "the same as it was written");
  const double expected = std::strtod(std::string(text).c_str(), nullptr);
  ABSL_RAW_CHECK(
      SameNumber(value, expected) && SameNumber(number.value, expected),
      "rounded as by strtod");
  if (number.integral) {
    ABSL_RAW_CHECK(static_cast<double>(number.integer) == expected, "integral");
  }
  return true;
}

// A list of numbers in one go, where it is one.
void ReadList(JsonScanner& json) {
  const JsonScanner::Place place = json.place();
  std::vector<double> values;
  size_t count = 0;
  const bool read = json.ReadNumbers(values);
  json.GoBack(place);
  const bool again = json.ReadArray([&] {
    double value = 0;
    if (!json.ReadNumber(value)) return false;
    ABSL_RAW_CHECK(
        !read || (count < values.size() && SameNumber(values[count], value)),
        "a list reads as its numbers");
    ++count;
    return true;
  });
  ABSL_RAW_CHECK(read == again && (!read || count == values.size()), "a list");
  json.GoBack(place);
}

bool Read(JsonScanner& json) {
  absl::string_view text;
  bool flag = false;
  switch (json.Peek()) {
    case Kind::kObject:
      return json.ReadObject([&](absl::string_view) { return Read(json); });
    case Kind::kArray:
      ReadList(json);
      return json.ReadArray([&] { return Read(json); });
    case Kind::kString:
      return json.ReadString(text);
    case Kind::kNumber:
      return ReadNumber(json);
    case Kind::kBool:
      return json.ReadBool(flag);
    default:
      return json.Skip();
  }
}

// Whether all of the text is one value.
bool IsJson(absl::string_view text, bool (*read)(JsonScanner&)) {
  JsonScanner json(text);
  const bool is = read(json) && json.ReadEnd();
  ABSL_RAW_CHECK(is == json.ok(), "a fault says what it is");
  return is;
}

// Its end, or nothing: the same for any number of parts.
size_t EndOfArray(absl::string_view text, size_t begin, int parts) {
  const auto skip = [](size_t) {
    return [](JsonScanner& json) {
      return json.Peek() == Kind::kObject ? json.Skip()
                                          : json.Expected("an object");
    };
  };
  const auto array = ReadArrayParts(text, begin, parts, skip);
  return array.ok() ? array->end : 0;
}

void Compare(absl::string_view text) {
  const bool is = IsJson(text, Read);
  ABSL_RAW_CHECK(
      is == IsJson(text, [](JsonScanner& json) { return json.Skip(); }),
      "what is read can be skipped");
  const size_t begin = text.find('[');
  if (begin != text.npos) {
    ABSL_RAW_CHECK(EndOfArray(text, begin, 1) == EndOfArray(text, begin, 3),
                   "parts");
  }
  // Which stops at a zero.
  if (text.find('\0') != text.npos) return;
  rapidjson::Document other;
  constexpr unsigned kFlags = rapidjson::kParseNanAndInfFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseIterativeFlag;
  other.Parse<kFlags>(text.data(), text.size());
  // As Python does, the scanner takes half of a surrogate pair, and 1e999.
  const auto error = other.GetParseError();
  ABSL_RAW_CHECK(
      !is || error == rapidjson::kParseErrorNone ||
          error == rapidjson::kParseErrorStringUnicodeSurrogateInvalid ||
          error == rapidjson::kParseErrorNumberTooBig,
      rapidjson::GetParseError_En(error));
}

}  // namespace
}  // namespace fcis::data

#ifdef FCIS_FUZZ
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  return fcis::MutateStructure(data, size, max_size, seed, fcis::MutateJson,
                               LLVMFuzzerMutate);
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fcis::SetNumThreads(1);
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  const auto text = fcis::data::OpenJson(file.path());
  if (text.ok()) fcis::data::Compare((*text)->bytes());
  return 0;
}
