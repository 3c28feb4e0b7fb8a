#include "fcis/eval/mask_ops/mask_json.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/charconv.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_string.h"
#include "rapidjson/encodedstream.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"

namespace fcis::eval {
namespace {

// Passes a document's events on and makes the numbers itself: RapidJSON 1.1's
// full precision is wrong, or fails an assertion, beyond 19 digits.
class ExactNumbers {
 public:
  explicit ExactNumbers(rapidjson::Document& document) : document_(document) {}

  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    const absl::string_view digits(text, length);
    if (digits.find_first_of(".eEnN") == absl::string_view::npos) {
      int64_t number;
      if (absl::SimpleAtoi(digits, &number)) return document_.Int64(number);
      uint64_t large;
      if (absl::SimpleAtoi(digits, &large)) return document_.Uint64(large);
    }
    double number = 0;
    absl::from_chars(text, text + length, number);
    return document_.Double(number);
  }

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool String(const char* text, rapidjson::SizeType length, bool copy) {
    return document_.String(text, length, copy);
  }
  bool Key(const char* text, rapidjson::SizeType length, bool copy) {
    return document_.Key(text, length, copy);
  }
  bool StartObject() { return document_.StartObject(); }
  bool EndObject(rapidjson::SizeType n) { return document_.EndObject(n); }
  bool StartArray() { return document_.StartArray(); }
  bool EndArray(rapidjson::SizeType n) { return document_.EndArray(n); }

  // The reader never calls these: numbers come as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  rapidjson::Document& document_;
};

absl::Status Expected(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name, "\": expected ", what));
}

absl::StatusOr<int64_t> ToInteger(const Json& value, absl::string_view name) {
  if (value.IsInt64()) return value.GetInt64();
  // Exact up to there.
  constexpr double kMost = 9007199254740992.0;
  if (value.IsDouble() && std::abs(value.GetDouble()) <= kMost &&
      std::trunc(value.GetDouble()) == value.GetDouble()) {
    return static_cast<int64_t>(value.GetDouble());
  }
  return Expected(name, "an integer");
}

// A list whose elements `read` turns into T.
template <typename T, typename Read>
absl::StatusOr<std::vector<T>> ToList(const Json& value, absl::string_view name,
                                      Read read) {
  if (!value.IsArray()) return Expected(name, "a list");
  std::vector<T> list;
  list.reserve(value.Size());
  for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
    absl::StatusOr<T> element = read(value[i], absl::StrCat(name, "[", i, "]"));
    if (!element.ok()) return element.status();
    list.push_back(*std::move(element));
  }
  return list;
}

// Numbers are most of the input: no text per element.
absl::StatusOr<std::vector<double>> ToNumbers(const Json& value,
                                              absl::string_view name) {
  if (!value.IsArray()) return Expected(name, "a list of numbers");
  std::vector<double> numbers;
  numbers.reserve(value.Size());
  for (const Json& element : value.GetArray()) {
    if (!element.IsNumber()) return Expected(name, "a list of numbers");
    numbers.push_back(element.GetDouble());
  }
  return numbers;
}

absl::StatusOr<std::vector<uint32_t>> ToRuns(const Json& value,
                                             absl::string_view name) {
  constexpr absl::string_view kWhat = "a list of integers from 0 to 2^32 - 1";
  if (!value.IsArray()) return Expected(name, kWhat);
  std::vector<uint32_t> runs;
  runs.reserve(value.Size());
  for (const Json& element : value.GetArray()) {
    const absl::StatusOr<int64_t> run = ToInteger(element, name);
    if (!run.ok() || *run < 0 || *run > std::numeric_limits<uint32_t>::max()) {
      return Expected(name, kWhat);
    }
    runs.push_back(static_cast<uint32_t>(*run));
  }
  return runs;
}

absl::StatusOr<XywhBox> ToBox(const Json& value, absl::string_view name) {
  ASSIGN_OR_RETURN(const std::vector<double> numbers, ToNumbers(value, name));
  if (numbers.size() != 4) return Expected(name, "[x, y, width, height]");
  return XywhBox{numbers[0], numbers[1], numbers[2], numbers[3]};
}

}  // namespace

absl::Status ParseJson(absl::string_view text, rapidjson::Document& document) {
  constexpr unsigned kFlags =
      rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseNanAndInfFlag |
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::ParseResult result;
  auto parse = [&](rapidjson::Document& events) {
    rapidjson::MemoryStream bytes(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream>
        stream(bytes);
    ExactNumbers handler(events);
    result = rapidjson::Reader().Parse<kFlags>(stream, handler);
    return !result.IsError();
  };
  document.Populate(parse);
  if (!result.IsError()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("malformed JSON at byte ", result.Offset(), ": ",
                   rapidjson::GetParseError_En(result.Code())));
}

const Json* FindMember(const Json& object, absl::string_view name) {
  const Json* found = nullptr;
  for (const auto& member : object.GetObject()) {
    if (absl::string_view(member.name.GetString(),
                          member.name.GetStringLength()) == name) {
      found = &member.value;
    }
  }
  return found;
}

absl::StatusOr<const Json*> ReadMember(const Json& object,
                                       absl::string_view name) {
  const Json* member = object.IsObject() ? FindMember(object, name) : nullptr;
  if (member != nullptr) return member;
  return absl::InvalidArgumentError(
      absl::StrCat("expected an object with \"", name, "\""));
}

absl::StatusOr<int64_t> ReadInteger(const Json& object,
                                    absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToInteger(*member, name);
}

absl::StatusOr<std::vector<uint8_t>> ReadFlags(const Json& object,
                                               absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToList<uint8_t>(
      *member, name,
      [](const Json& value, absl::string_view what) -> absl::StatusOr<uint8_t> {
        if (value.IsBool()) return value.GetBool() ? 1 : 0;
        ASSIGN_OR_RETURN(const int64_t flag, ToInteger(value, what));
        if (flag < 0 || flag > 255) return Expected(what, "0 to 255");
        return static_cast<uint8_t>(flag);
      });
}

absl::StatusOr<std::vector<uint32_t>> ReadRuns(const Json& object,
                                               absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToRuns(*member, name);
}

absl::StatusOr<std::vector<std::string>> ReadStrings(const Json& object,
                                                     absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToList<std::string>(
      *member, name,
      [](const Json& value,
         absl::string_view what) -> absl::StatusOr<std::string> {
        if (!value.IsString()) return Expected(what, "a string");
        return std::string(value.GetString(), value.GetStringLength());
      });
}

absl::StatusOr<std::vector<std::vector<double>>> ReadNumberLists(
    const Json& object, absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToList<std::vector<double>>(*member, name, ToNumbers);
}

absl::StatusOr<std::vector<XywhBox>> ReadBoxes(const Json& object,
                                               absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToList<XywhBox>(*member, name, ToBox);
}

absl::StatusOr<MaskSize> ReadSize(const Json& object) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, "size"));
  if (!member->IsArray() || member->Size() != 2) {
    return Expected("size", "[height, width]");
  }
  ASSIGN_OR_RETURN(const int64_t height, ToInteger((*member)[0], "size[0]"));
  ASSIGN_OR_RETURN(const int64_t width, ToInteger((*member)[1], "size[1]"));
  return MaskSize{height, width};
}

absl::StatusOr<Rle> ReadRle(const Json& object) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadSize(object));
  ASSIGN_OR_RETURN(const Json* counts, ReadMember(object, "counts"));
  if (counts->IsString()) {
    return ParseRleCounts(
        size.height, size.width,
        absl::string_view(counts->GetString(), counts->GetStringLength()));
  }
  ASSIGN_OR_RETURN(std::vector<uint32_t> runs, ToRuns(*counts, "counts"));
  return MakeRle(size.height, size.width, std::move(runs));
}

absl::StatusOr<std::vector<Rle>> ReadRles(const Json& object,
                                          absl::string_view name) {
  ASSIGN_OR_RETURN(const Json* member, ReadMember(object, name));
  return ToList<Rle>(
      *member, name,
      [](const Json& value, absl::string_view what) -> absl::StatusOr<Rle> {
        absl::StatusOr<Rle> rle = ReadRle(value);
        if (rle.ok()) return rle;
        return absl::InvalidArgumentError(
            absl::StrCat("\"", what, "\": ", rle.status().message()));
      });
}

void WriteString(absl::string_view text, JsonWriter& writer) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void WriteBox(const XywhBox& box, JsonWriter& writer) {
  writer.StartArray();
  for (const double v : {box.x, box.y, box.width, box.height}) writer.Double(v);
  writer.EndArray();
}

}  // namespace fcis::eval
