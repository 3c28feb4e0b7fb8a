// Reads the members of one record of a COCO file. A value of a wrong type does
// not end the reading: it is passed over, and named afterwards.
#ifndef FCIS_DATA_COCO_RECORD_READER_H_
#define FCIS_DATA_COCO_RECORD_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::data {

enum class Member {
  kId,
  kImageId,
  kCategoryId,
  kBbox,
  kArea,
  kCrowd,
  kIgnore,
  kSegmentation,
  kFileName,
  kHeight,
  kWidth,
  kName,
  kSupercategory,
};

// Sets of members, as bits.
using Members = uint32_t;
constexpr Members BitOf(Member member) {
  return Members{1} << static_cast<int>(member);
}

// What a task asks of a kind of record.
struct RecordRule {
  Members needed = 0;  // must be there
  Members used = 0;    // must be of the right type when there
  // Must be there for a later task: an error, but the record stays.
  Members later = 0;
};

// A line about a record, whose place in its list may not be known yet.
struct RecordFault {
  uint32_t index = 0;  // in the list
  bool error = false;  // else a remark
  std::string id;      // "" when it has none
  std::string what;    // "\"bbox\": expected ..., found ..."
};

// Values of members (ids: record_id.h); false with the scanner's error.
bool ReadText(JsonScanner& json, std::string& value);
// Pixels: an integer from 0 on.
bool ReadLength(JsonScanner& json, int64_t& value);
bool ReadDouble(JsonScanner& json, double& value);
// What Python takes for true or false: 0, 1, 1.0, true.
bool ReadFlag(JsonScanner& json, double& value);
// [x, y, width, height]; [] and null: there is no box, `empty`.
bool ReadBbox(JsonScanner& json, XywhBox& box, bool& empty);

class RecordReader {
 public:
  // `text` is what `json` scans.
  RecordReader(JsonScanner& json, absl::string_view text, RecordRule rule)
      : json_(json), text_(text), rule_(rule) {}

  // Whether an object comes, and where; else it is a fault and passed over.
  bool Begin(uint32_t index, std::vector<RecordFault>& faults, bool& object);

  // Reads a value by read(json), which may fail for a wrong type. null counts
  // as missing, but for ids. False: it is no JSON.
  template <typename Read>
  bool Take(Member member, Read&& read);

  // The same into `value`, by one of the functions below.
  template <typename Value>
  bool Take(Member member, bool (*read)(JsonScanner&, Value&), Value& value) {
    return Take(member, [&](JsonScanner& json) { return read(json, value); });
  }

  // Whether a value of the right type is there; of several the last counts.
  bool Has(Member member) const { return (good_ & BitOf(member)) != 0; }
  // What was read counts as missing.
  void Drop(Member member) { good_ &= ~BitOf(member); }
  bool has_duplicates() const { return duplicates_; }

  // Behind the record: whether it is to be kept. Appends what is wrong.
  bool Finish(const RecordId& id, std::vector<RecordFault>& faults) {
    const Members faulty = wrong_ | ((rule_.needed | rule_.later) & ~good_);
    return faulty == 0 || Explain(faulty, id, faults);
  }

  // In the middle of the record: says in the scanner's error which it is.
  bool Fail(const RecordId& id);

 private:
  bool PassOver(Member member, const JsonScanner::Place& place);
  bool Explain(Members faulty, const RecordId& id,
               std::vector<RecordFault>& faults) const;
  absl::string_view ValueOf(absl::string_view name) const;

  JsonScanner& json_;
  const absl::string_view text_;
  const RecordRule rule_;
  uint32_t index_ = 0;
  size_t begin_ = 0;
  Members seen_ = 0, good_ = 0, wrong_ = 0;
  bool duplicates_ = false;
};

template <typename Read>
bool RecordReader::Take(Member member, Read&& read) {
  constexpr Members kIds =
      BitOf(Member::kId) | BitOf(Member::kImageId) | BitOf(Member::kCategoryId);
  const Members bit = BitOf(member);
  duplicates_ |= (seen_ & bit) != 0;
  seen_ |= bit;
  good_ &= ~bit;
  wrong_ &= ~bit;
  const JsonScanner::Place place = json_.place();
  if (json_.Peek() == JsonScanner::Kind::kNull && (bit & kIds) == 0) {
    return json_.Skip();
  }
  if (!read(json_)) return PassOver(member, place);
  good_ |= bit;
  return true;
}

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_RECORD_READER_H_
