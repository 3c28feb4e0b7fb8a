#include "fcis/data/coco/record_id.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::data {
namespace {

constexpr char kExpected[] = "an id, an integer of 64 bits or a string";

}  // namespace

std::string RecordId::ToJson() const {
  if (!is_text()) return ToPlain();
  return data::ToJson(text());
}

bool ParseIntegerId(absl::string_view text, RecordId& id) {
  int64_t number = 0;
  uint64_t above = 0;
  if (absl::SimpleAtoi(text, &number)) {
    id = RecordId(number);
  } else if (absl::SimpleAtoi(text, &above)) {
    id = RecordId::OfUnsigned(above);
  } else {
    return false;
  }
  return true;
}

bool ReadRecordId(JsonScanner& json, RecordId& id) {
  switch (json.Peek()) {
    case JsonScanner::Kind::kString: {
      absl::string_view text;
      if (!json.ReadString(text)) return false;
      id = RecordId(text);
      return true;
    }
    case JsonScanner::Kind::kNumber: {
      const JsonScanner::Place place = json.place();
      JsonNumber number;
      if (!json.ReadNumber(number)) return false;
      if (number.integral) {
        id = RecordId(number.integer);
        return true;
      }
      json.GoBack(place);
      absl::string_view written;
      if (!json.Skip(written)) return false;
      if (ParseIntegerId(written, id)) return true;
      // 1e19, as Python compares it with an integer.
      constexpr double kTwo63 = 9223372036854775808.0;
      if (number.value >= kTwo63 && number.value < 2 * kTwo63 &&
          written.find_first_of(".eE") != written.npos) {
        id = RecordId::OfUnsigned(static_cast<uint64_t>(number.value));
        return true;
      }
      json.GoBack(place);
      return json.Fail(absl::StrCat("expected ", kExpected, ", not ", written));
    }
    default:
      return json.Expected(kExpected);
  }
}

std::string NoteOnKind(const RecordId& id, const RecordIndex& listed,
                       absl::string_view list) {
  RecordId other(absl::string_view(id.ToPlain()));
  if (id.is_text() && !ParseIntegerId(id.text(), other)) return "";
  if (listed.Find(other) < 0) return "";
  return absl::StrCat("; ", id.ToString(),
                      id.is_text() ? " is text" : " is a number", " where \"",
                      list, "\" has the ", id.is_text() ? "number " : "text ",
                      other.ToString());
}

}  // namespace fcis::data
