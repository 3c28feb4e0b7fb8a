// Writes JSON through rapidjson's Writer or PrettyWriter, `json`, value by
// value.
#ifndef FCIS_DATA_JSON_JSON_WRITER_H_
#define FCIS_DATA_JSON_JSON_WRITER_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/strings/string_view.h"
#include "rapidjson/prettywriter.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::data {

// A bool, a number or a text. JSON has neither infinity, which is written as
// 1e999, which readers take for it, nor NaN, which is written as null.
template <typename Value, typename Writer>
void PutJson(const Value& value, Writer& json) {
  if constexpr (std::is_same_v<Value, bool>) {
    json.Bool(value);
  } else if constexpr (std::is_integral_v<Value>) {
    json.Int64(static_cast<int64_t>(value));
  } else if constexpr (!std::is_floating_point_v<Value>) {
    const absl::string_view text = value;
    json.String(text.data(), text.size());
  } else if (std::isfinite(value)) {
    json.Double(value);
  } else {
    const absl::string_view text = std::isnan(value) ? "null"
                                   : value > 0       ? "1e999"
                                                     : "-1e999";
    json.RawValue(text.data(), text.size(), {});
  }
}

// A member of the object in hand.
template <typename Value, typename Writer>
void PutMember(absl::string_view key, const Value& value, Writer& json) {
  json.Key(key.data(), key.size());
  PutJson(value, json);
}

// An object whose members `put` writes.
template <typename Writer, typename Put>
void PutObject(Writer& json, const Put& put) {
  json.StartObject();
  put();
  json.EndObject();
}
template <typename Writer, typename Put>
void PutObject(absl::string_view key, Writer& json, const Put& put) {
  json.Key(key.data(), key.size());
  PutObject(json, put);
}

// An array whose elements `put` writes.
template <typename Writer, typename Put>
void PutList(Writer& json, const Put& put) {
  json.StartArray();
  put();
  json.EndArray();
}
template <typename Writer, typename Put>
void PutList(absl::string_view key, Writer& json, const Put& put) {
  json.Key(key.data(), key.size());
  PutList(json, put);
}

// A member that is an array, of whose elements put(element) writes each.
template <typename List, typename Writer, typename Put>
void PutArray(absl::string_view key, const List& list, Writer& json,
              const Put& put) {
  PutList(key, json, [&] {
    for (const auto& element : list) put(element);
  });
}
template <typename List, typename Writer>
void PutArray(absl::string_view key, const List& list, Writer& json) {
  PutArray(key, list, json, [&](const auto& one) { PutJson(one, json); });
}

// The text of the value that put(json) writes.
template <typename Put>
std::string JsonOf(const Put& put) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  put(json);
  return std::string(buffer.GetString(), buffer.GetSize());
}
// That of a bool, a number or a text.
template <typename Value>
std::string ToJson(const Value& value) {
  return JsonOf([&](auto& json) { PutJson(value, json); });
}
// JsonOf, a member or an element a line.
template <typename Put>
std::string PrettyJsonOf(const Put& put) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  put(json);
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace fcis::data

#endif  // FCIS_DATA_JSON_JSON_WRITER_H_
