#include "fcis/core/testing/json_mutator.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis {
namespace {

struct Span {
  size_t begin, end;
};

constexpr const char* kTroublesome[] = {"0",
                                        "-1",
                                        "-0.0",
                                        "1e308",
                                        "1e-320",
                                        "0.1",
                                        "4294967295",
                                        "4294967296",
                                        "9007199254740993",
                                        "-9223372036854775808",
                                        "18446744073709551616",
                                        "1e999",
                                        "null",
                                        "true",
                                        "false",
                                        "\"\"",
                                        "\"1\"",
                                        "[]",
                                        "{}",
                                        "[[]]",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "[0,0,0,0,0,0]",
                                        "[1e9,1e9,2e9,2e9,3e9,1e9]"};

// Not strchr, which finds zeros, too.
bool IsOneOf(char c, absl::string_view characters) {
  return characters.find(c) != absl::string_view::npos;
}

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Behind the string that begins at `at`.
size_t EndOfString(absl::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

size_t EndOfWord(absl::string_view text, size_t at) {
  while (at < text.size() && !IsBlank(text[at]) &&
         !IsOneOf(text[at], ",:[]{}\"")) {
    ++at;
  }
  return at;
}

bool IsKey(absl::string_view text, size_t end) {
  while (end < text.size() && IsBlank(text[end])) ++end;
  return end < text.size() && text[end] == ':';
}

// The values in the text, keys left out; arrays and objects as a whole and what
// is in them.
std::vector<Span> ValuesIn(absl::string_view text) {
  std::vector<Span> values;
  std::vector<size_t> open;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '[' || c == '{') {
      open.push_back(at++);
    } else if (c == ']' || c == '}') {
      ++at;
      if (open.empty()) continue;
      values.push_back({open.back(), at});
      open.pop_back();
    } else if (c == '"') {
      const size_t end = EndOfString(text, at);
      if (!IsKey(text, end)) values.push_back({at, end});
      at = end;
    } else if (c == ',' || c == ':' || IsBlank(c)) {
      ++at;
    } else {
      const size_t end = EndOfWord(text, at);
      values.push_back({at, end});
      at = end;
    }
  }
  return values;
}

// The value with its key, where it has one, and a comma on one side.
Span WithComma(absl::string_view text, Span value) {
  size_t begin = value.begin;
  while (begin > 0 && !IsOneOf(text[begin - 1], ",[{")) --begin;
  size_t end = value.end;
  while (end < text.size() && IsBlank(text[end])) ++end;
  if (end < text.size() && text[end] == ',') return {begin, end + 1};
  if (begin > 0 && text[begin - 1] == ',') --begin;
  return {begin, value.end};
}

std::string Replaced(absl::string_view text, Span span,
                     absl::string_view with) {
  return absl::StrCat(text.substr(0, span.begin), with, text.substr(span.end));
}

// Of a tensor of a safetensors header; -1: it is none, or a large one.
int64_t BytesOf(const rapidjson::Value& tensor) {
  static const std::map<std::string, int64_t> sizes = {
      {"F64", 8}, {"I64", 8},  {"F32", 4}, {"I32", 4}, {"U32", 4},
      {"F16", 2}, {"BF16", 2}, {"I16", 2}, {"I8", 1},  {"U8", 1}};
  constexpr int64_t kMost = 1 << 14;
  if (!tensor.IsObject() || !tensor.HasMember("dtype") ||
      !tensor.HasMember("shape") || !tensor["dtype"].IsString() ||
      !tensor["shape"].IsArray()) {
    return -1;
  }
  const auto size = sizes.find(tensor["dtype"].GetString());
  int64_t bytes = size == sizes.end() ? -1 : size->second;
  for (const rapidjson::Value& side : tensor["shape"].GetArray()) {
    if (!side.IsUint() || side.GetUint() > kMost) return -1;
    bytes *= side.GetUint();
    if (bytes < 0 || bytes > kMost) return -1;
  }
  return bytes;
}

// The header with the tensors one behind the other; sets where they end.
std::string WithOffsets(const std::string& header, int64_t& end) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(header.data(), header.size());
  if (json.HasParseError() || !json.IsObject()) return header;
  end = 0;
  for (auto& member : json.GetObject()) {
    const int64_t bytes = BytesOf(member.value);
    if (bytes < 0) continue;
    rapidjson::Value offsets(rapidjson::kArrayType);
    offsets.PushBack(end, json.GetAllocator());
    offsets.PushBack(end += bytes, json.GetAllocator());
    member.value.RemoveMember("data_offsets");
    member.value.AddMember("data_offsets", offsets, json.GetAllocator());
  }
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  json.Accept(writer);
  return std::string(text.GetString(), text.GetSize());
}

}  // namespace

std::string MutateJson(absl::string_view text, uint32_t seed) {
  std::minstd_rand random(seed);
  const auto one_of = [&random](size_t n) { return random() % n; };
  const absl::string_view trouble =
      kTroublesome[one_of(std::size(kTroublesome))];
  const std::vector<Span> values = ValuesIn(text);
  if (values.empty()) return std::string(trouble);
  const Span value = values[one_of(values.size())];
  const auto text_of = [&text](Span span) {
    return text.substr(span.begin, span.end - span.begin);
  };
  switch (one_of(6)) {
    case 0:
      return Replaced(text, value, text_of(values[one_of(values.size())]));
    case 1:
      return Replaced(text, {value.end, value.end},
                      absl::StrCat(",", text_of(value)));
    case 2:
      return Replaced(text, WithComma(text, value), "");
    case 3:
      return Replaced(text, value, absl::StrCat("[", text_of(value), "]"));
    default:
      return Replaced(text, value, trouble);
  }
}

std::string MutateSafetensors(absl::string_view file, uint32_t seed) {
  uint64_t length = 0;
  if (file.size() < sizeof(length)) return std::string(file);
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > file.size() - sizeof(length)) return std::string(file);
  std::string header = MutateJson(file.substr(sizeof(length), length), seed);
  std::string data(file.substr(sizeof(length) + length));
  if (seed % 2 == 0) {
    auto end = static_cast<int64_t>(data.size());
    header = WithOffsets(header, end);
    data.resize(static_cast<size_t>(end), '\1');
  }
  const uint64_t changed = header.size();
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&changed),
                                        sizeof(changed)),
                      header, data);
}

size_t MutateStructure(uint8_t* data, size_t size, size_t max_size,
                       uint32_t seed,
                       std::string (*mutate)(absl::string_view, uint32_t),
                       size_t (*bytes)(uint8_t*, size_t, size_t)) {
  if (seed % 3 == 0) return bytes(data, size, max_size);
  const std::string mutated = mutate(
      absl::string_view(reinterpret_cast<const char*>(data), size), seed);
  if (mutated.size() > max_size) return bytes(data, size, max_size);
  std::copy(mutated.begin(), mutated.end(), data);
  return mutated.size();
}

}  // namespace fcis
