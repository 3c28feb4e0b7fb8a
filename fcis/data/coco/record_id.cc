#include "fcis/data/coco/record_id.h"

namespace fcis {

bool ReadRecordId(JsonScanner& json, RecordId& id) {
  switch (json.Peek()) {
    case JsonScanner::Kind::kString: {
      absl::string_view text;
      if (!json.ReadString(text)) return false;
      id = RecordId(text);
      return true;
    }
    case JsonScanner::Kind::kNumber: {
      const size_t at = json.offset();
      JsonNumber number;
      if (!json.ReadNumber(number)) return false;
      if (!number.integral) {
        return json.Fail(absl::StrCat("the id at byte ", at, " is ",
                                      number.value,
                                      ", expected an integer of 64 bits"));
      }
      id = RecordId(number.integer);
      return true;
    }
    default:
      return json.Expected("an id, an integer or a string");
  }
}

}  // namespace fcis
