// The id of an image, category or annotation in a COCO file: an integer or a
// text; 3 and "3" differ, as they do in Python.
#ifndef FCIS_DATA_COCO_RECORD_ID_H_
#define FCIS_DATA_COCO_RECORD_ID_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis {

class RecordId {
 public:
  RecordId() = default;  // 0
  explicit RecordId(int64_t number) : number_(number) {}
  explicit RecordId(absl::string_view text)
      : text_(std::make_shared<const std::string>(text)) {}

  bool is_text() const { return text_ != nullptr; }
  int64_t number() const { return number_; }          // of a number
  const std::string& text() const { return *text_; }  // of a text

  // 3, or "3" with its quotes.
  std::string ToString() const {
    return is_text() ? absl::StrCat("\"", text(), "\"") : absl::StrCat(number_);
  }

  // Numbers before texts; texts by their bytes.
  friend bool operator<(const RecordId& a, const RecordId& b) {
    if (a.is_text() != b.is_text()) return b.is_text();
    return a.is_text() ? a.text() < b.text() : a.number_ < b.number_;
  }
  friend bool operator==(const RecordId& a, const RecordId& b) {
    if (a.is_text() != b.is_text()) return false;
    return a.is_text() ? a.text() == b.text() : a.number_ == b.number_;
  }
  friend bool operator!=(const RecordId& a, const RecordId& b) {
    return !(a == b);
  }

 private:
  int64_t number_ = 0;
  std::shared_ptr<const std::string> text_;
};

// Reads an integer (3.0 counts as one) or a string.
bool ReadRecordId(JsonScanner& json, RecordId& id);

// Positions by id; of equal ids the one set last.
class RecordIndex {
 public:
  void Set(const RecordId& id, int position) {
    if (id.is_text()) {
      texts_[id.text()] = position;
    } else {
      numbers_[id.number()] = position;
    }
  }
  // -1: no such id.
  int Find(const RecordId& id) const {
    if (id.is_text()) {
      const auto found = texts_.find(id.text());
      return found == texts_.end() ? -1 : found->second;
    }
    const auto found = numbers_.find(id.number());
    return found == numbers_.end() ? -1 : found->second;
  }

 private:
  absl::flat_hash_map<int64_t, int> numbers_;
  absl::flat_hash_map<std::string, int> texts_;
};

}  // namespace fcis

#endif  // FCIS_DATA_COCO_RECORD_ID_H_
