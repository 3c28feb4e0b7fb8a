// The id of an image, category or annotation in a COCO file: an integer or a
// text; 3 and "3" differ, as they do in Python.
#ifndef FCIS_DATA_COCO_RECORD_ID_H_
#define FCIS_DATA_COCO_RECORD_ID_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::data {

// Integers are those of int64 and of uint64, each held exactly.
class RecordId {
 public:
  RecordId() = default;  // 0
  explicit RecordId(int64_t number) : number_(number) {}
  explicit RecordId(absl::string_view text)
      : text_(std::make_shared<const std::string>(text)) {}
  static RecordId OfUnsigned(uint64_t number) {
    RecordId id(static_cast<int64_t>(number));
    id.above_int64_ = number >> 63 != 0;
    return id;
  }

  bool is_text() const { return text_ != nullptr; }
  const std::string& text() const { return *text_; }  // of a text

  // 3, or the text as it is.
  std::string ToPlain() const {
    if (is_text()) return text();
    return above_int64_ ? absl::StrCat(static_cast<uint64_t>(number_))
                        : absl::StrCat(number_);
  }
  // 3, or "3" with its quotes.
  std::string ToString() const {
    return is_text() ? absl::StrCat("\"", text(), "\"") : ToPlain();
  }
  // As JSON has it: 3, or the text in quotes, with escapes where needed.
  std::string ToJson() const;

  // Numbers before texts; texts by their bytes.
  friend bool operator<(const RecordId& a, const RecordId& b) {
    if (a.is_text() != b.is_text()) return b.is_text();
    if (a.is_text()) return a.text() < b.text();
    if (a.above_int64_ != b.above_int64_) return b.above_int64_;
    return a.number_ < b.number_;
  }
  friend bool operator==(const RecordId& a, const RecordId& b) {
    if (a.is_text() != b.is_text()) return false;
    if (a.is_text()) return a.text() == b.text();
    return a.number_ == b.number_ && a.above_int64_ == b.above_int64_;
  }
  friend bool operator!=(const RecordId& a, const RecordId& b) {
    return !(a == b);
  }

 private:
  friend class RecordIndex;

  int64_t number_ = 0;
  bool above_int64_ = false;  // number_ is 2^64 too small
  std::shared_ptr<const std::string> text_;
};

// A member of the object in hand (json_writer.h) that holds the id.
template <typename Writer>
void PutId(absl::string_view key, const RecordId& id, Writer& json) {
  json.Key(key.data(), key.size());
  const std::string text = id.ToJson();
  json.RawValue(text.data(), text.size(), {});
}

// Reads an integer (3.0 counts as one) of int64 or uint64, or a string.
bool ReadRecordId(JsonScanner& json, RecordId& id);

// The integer that a decimal text of int64 or uint64 says; false: it is none.
bool ParseIntegerId(absl::string_view text, RecordId& id);

// Positions by id; of equal ids the one set last.
class RecordIndex {
 public:
  // Room for so many numbers.
  void Reserve(size_t count) { numbers_.reserve(count); }

  void Set(const RecordId& id, int position) {
    if (id.is_text()) {
      texts_[id.text()] = position;
    } else if (IsSmall(id)) {
      const auto place = static_cast<size_t>(id.number_);
      if (place >= small_.size()) small_.resize(place + 1, -1);
      small_[place] = position;
    } else {
      (id.above_int64_ ? above_ : numbers_)[id.number_] = position;
    }
  }
  // -1: no such id.
  int Find(const RecordId& id) const {
    if (id.is_text()) {
      const auto found = texts_.find(id.text());
      return found == texts_.end() ? -1 : found->second;
    }
    if (IsSmall(id)) {
      const auto place = static_cast<size_t>(id.number_);
      return place < small_.size() ? small_[place] : -1;
    }
    const auto& numbers = id.above_int64_ ? above_ : numbers_;
    const auto found = numbers.find(id.number_);
    return found == numbers.end() ? -1 : found->second;
  }

  bool empty() const {
    return small_.empty() && numbers_.empty() && above_.empty() &&
           texts_.empty();
  }

 private:
  // As those of categories are.
  static bool IsSmall(const RecordId& id) {
    constexpr uint64_t kSmall = 1024;
    return static_cast<uint64_t>(id.number_) < kSmall && !id.above_int64_;
  }

  std::vector<int> small_;  // by id; -1: none
  absl::flat_hash_map<int64_t, int> numbers_, above_;
  absl::flat_hash_map<std::string, int> texts_;
};

// The positions of records, each with an `id`.
template <typename Record>
RecordIndex IndexOf(const std::vector<Record>& records) {
  RecordIndex index;
  for (size_t i = 0; i < records.size(); ++i) {
    index.Set(records[i].id, static_cast<int>(i));
  }
  return index;
}

// For a message about an id that is not listed: "" or, where the list has the
// same digits as the other kind of id, a clause that says so: "; \"1\" is text
// where \"images\" has the number 1".
std::string NoteOnKind(const RecordId& id, const RecordIndex& listed,
                       absl::string_view list);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_RECORD_ID_H_
