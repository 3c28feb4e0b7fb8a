#include "fcis/data/coco/record_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/data/coco/record_problems.h"

namespace fcis::data {
namespace {

struct Description {
  Member member;
  const char* name;
  const char* expected;
};

constexpr char kAnId[] = "an integer of 64 bits or a string";
constexpr char kALength[] = "a number of pixels";
constexpr Description kDescriptions[] = {
    {Member::kId, "id", kAnId},
    {Member::kImageId, "image_id", kAnId},
    {Member::kCategoryId, "category_id", kAnId},
    {Member::kBbox, "bbox", "[x, y, width, height]"},
    {Member::kArea, "area", "a number"},
    {Member::kCrowd, "iscrowd", "0 or 1"},
    {Member::kIgnore, "ignore", "0 or 1"},
    {Member::kSegmentation, "segmentation", "polygons or an RLE"},
    {Member::kFileName, "file_name", "the name of a file"},
    {Member::kHeight, "height", kALength},
    {Member::kWidth, "width", kALength},
    {Member::kName, "name", "a string"},
    {Member::kSupercategory, "supercategory", "a string"},
};

}  // namespace

bool ReadText(JsonScanner& json, std::string& value) {
  absl::string_view text;
  if (!json.ReadString(text)) return false;
  value = std::string(text);
  return true;
}

bool ReadLength(JsonScanner& json, int64_t& value) {
  JsonNumber number;
  if (!json.ReadNumber(number)) return false;
  if (!number.integral || number.integer < 0) return json.Fail("no length");
  value = number.integer;
  return true;
}

bool ReadDouble(JsonScanner& json, double& value) {
  return json.ReadNumber(value);
}

bool ReadFlag(JsonScanner& json, double& value) {
  if (json.Peek() != JsonScanner::Kind::kBool) return json.ReadNumber(value);
  bool flag = false;
  if (!json.ReadBool(flag)) return false;
  value = flag;
  return true;
}

bool ReadBbox(JsonScanner& json, XywhBox& box, bool& empty) {
  empty = json.Peek() == JsonScanner::Kind::kNull;
  if (empty) return json.Skip();
  double numbers[4];
  int n = 0;
  const bool read = json.ReadArray([&] {
    double extra;
    return json.ReadNumber(n < 4 ? numbers[n++] : (++n, extra));
  });
  if (!read) return false;
  empty = n == 0;
  if (empty) return true;
  if (n != 4) return json.Fail("expected [x, y, width, height]");
  box = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return true;
}

bool RecordReader::Begin(uint32_t index, std::vector<RecordFault>& faults,
                         bool& object) {
  index_ = index;
  object = json_.Peek() == JsonScanner::Kind::kObject;
  begin_ = json_.offset();
  if (object) return true;
  absl::string_view value;
  if (!json_.Skip(value)) return false;
  faults.push_back(
      {index, true, "",
       absl::StrCat("expected an object, found ", ShownValue(value))});
  return true;
}

// Slow, as everything here that good files do not need.
bool RecordReader::PassOver(Member member, const JsonScanner::Place& place) {
  json_.GoBack(place);
  if (!json_.Skip()) return false;
  wrong_ |= BitOf(member);
  return true;
}

absl::string_view RecordReader::ValueOf(absl::string_view name) const {
  JsonScanner json(text_, begin_);
  absl::string_view found, value;
  json.ReadObject([&](absl::string_view key) {
    const bool wanted = key == name;
    if (!json.Skip(value)) return false;
    if (wanted) found = value;
    return true;
  });
  return found;
}

bool RecordReader::Explain(Members faulty, const RecordId& id,
                           std::vector<RecordFault>& faults) const {
  const Members bad = (rule_.needed & ~good_) | (rule_.used & wrong_);
  for (const Description& d : kDescriptions) {
    const Members bit = BitOf(d.member);
    if ((faulty & bit) == 0) continue;
    RecordFault fault;
    fault.index = index_;
    fault.error = ((bad | rule_.later) & bit) != 0;
    if (Has(Member::kId)) fault.id = id.ToString();
    fault.what = absl::StrCat("\"", d.name, "\": expected ", d.expected,
                              ", found ", ShownValue(ValueOf(d.name)));
    if (fault.error && (bad & bit) == 0) {
      absl::StrAppend(&fault.what, " (an evaluation needs it)");
    }
    faults.push_back(std::move(fault));
  }
  return bad == 0;
}

bool RecordReader::Fail(const RecordId& id) {
  if (!Has(Member::kId)) return false;
  return json_.Explain(
      absl::StrCat(" (in the record with id ", id.ToString(), ")"));
}

}  // namespace fcis::data
