#include "fcis/api/record_columns.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/data/json/json_parts.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/fcis.h"

namespace fcis::api {
namespace {

using data::JsonNumber;
using data::JsonScanner;
using Kind = JsonScanner::Kind;

// One record, before it goes to the columns.
struct Record {
  uint32_t members = 0;
  int64_t id = 0, image_id = 0, category_id = 0;
  double area = 0, score = 0;
  uint8_t crowd = 0, integral = 0;
  XywhBox box;
  absl::string_view segmentation, keypoints;
  int64_t num_keypoints = 0;
};

class Reader {
 public:
  explicit Reader(absl::string_view text) : text_(text) {}

  bool ReadRecord(JsonScanner& json, Record& record) const;
  bool ReadEntry(JsonScanner& json, EntryColumns& entries) const;

 private:
  // Of a number that was read from byte `begin` on.
  bool IsInteger(const JsonScanner& json, size_t begin) const {
    const absl::string_view number = text_.substr(begin, json.offset() - begin);
    return number.find_first_of(".eEN") == absl::string_view::npos;
  }
  bool ReadInteger(JsonScanner& json, int64_t& value) const;
  bool ReadBox(JsonScanner& json, XywhBox& box) const;
  bool ReadCrowd(JsonScanner& json, uint8_t& crowd) const;
  bool ReadMember(JsonScanner& json, absl::string_view key,
                  Record& record) const;

  const absl::string_view text_;
};

bool Mark(JsonScanner& json, uint32_t member, uint32_t& members) {
  if ((members & member) != 0) return json.Fail("a member is there twice");
  members |= member;
  return true;
}

bool Reader::ReadInteger(JsonScanner& json, int64_t& value) const {
  if (json.Peek() != Kind::kNumber) return json.Expected("an integer");
  const size_t begin = json.offset();
  JsonNumber number;
  if (!json.ReadNumber(number)) return false;
  value = number.integer;
  return (number.integral && IsInteger(json, begin)) ||
         json.FailAt(begin, "expected an integer");
}

bool Reader::ReadBox(JsonScanner& json, XywhBox& box) const {
  double* const values[] = {&box.x, &box.y, &box.width, &box.height};
  size_t n = 0;
  return json.ReadArray([&] {
    if (json.Peek() != Kind::kNumber || n == 4) return json.Fail("no box");
    return json.ReadNumber(*values[n++]);
  }) && (n == 4 || json.Fail("no box"));
}

bool Reader::ReadCrowd(JsonScanner& json, uint8_t& crowd) const {
  bool flag = false;
  int64_t value = 0;
  if (json.Peek() == Kind::kBool) {
    if (!json.ReadBool(flag)) return false;
    value = flag ? 1 : 0;
  } else if (!ReadInteger(json, value)) {
    return false;
  }
  crowd = static_cast<uint8_t>(value);
  return value == 0 || value == 1 || json.Fail("expected 0 or 1");
}

bool Reader::ReadMember(JsonScanner& json, absl::string_view key,
                        Record& record) const {
  static constexpr struct {
    absl::string_view key;
    uint32_t member;
    int64_t Record::*value;
  } kIntegers[] = {
      {"image_id", FCIS_RECORD_IMAGE, &Record::image_id},
      {"category_id", FCIS_RECORD_CATEGORY, &Record::category_id},
      {"id", FCIS_RECORD_ID, &Record::id},
      {"num_keypoints", FCIS_RECORD_NUM_KEYPOINTS, &Record::num_keypoints},
  };
  uint32_t& members = record.members;
  for (const auto& integer : kIntegers) {
    if (key == integer.key) {
      return Mark(json, integer.member, members) &&
             ReadInteger(json, record.*integer.value);
    }
  }
  if (key == "bbox") {
    return Mark(json, FCIS_RECORD_BOX, members) && ReadBox(json, record.box);
  }
  if (key == "score") {
    if (!Mark(json, FCIS_RECORD_SCORE, members)) return false;
    if (json.Peek() != Kind::kNumber) return json.Expected("a number");
    const size_t begin = json.offset();
    if (!json.ReadNumber(record.score)) return false;
    record.integral =
        std::floor(record.score) == record.score && IsInteger(json, begin);
    return true;
  }
  if (key == "segmentation") {
    if (!Mark(json, FCIS_RECORD_SEGMENTATION, members)) return false;
    return json.Skip(record.segmentation);
  }
  if (key == "area") {
    if (json.Peek() != Kind::kNumber) return json.Expected("a number");
    return Mark(json, FCIS_RECORD_AREA, members) &&
           json.ReadNumber(record.area);
  }
  if (key == "iscrowd") {
    return Mark(json, FCIS_RECORD_CROWD, members) &&
           ReadCrowd(json, record.crowd);
  }
  // What changes what an evaluation does.
  if (key == "keypoints") {
    members |= FCIS_RECORD_OTHER;
    return Mark(json, FCIS_RECORD_KEYPOINTS, members) &&
           json.Skip(record.keypoints);
  }
  if (key == "caption") members |= FCIS_RECORD_OTHER;
  return json.Skip();
}

bool Reader::ReadRecord(JsonScanner& json, Record& record) const {
  record = Record();
  constexpr uint32_t kNeeded = FCIS_RECORD_IMAGE | FCIS_RECORD_CATEGORY;
  return json.ReadObject([&](absl::string_view key) {
    return ReadMember(json, key, record);
  }) && ((record.members & kNeeded) == kNeeded || json.Fail("no ids"));
}

bool Reader::ReadEntry(JsonScanner& json, EntryColumns& entries) const {
  uint32_t members = 0;
  int64_t id = 0, height = -1, width = -1;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "id") return Mark(json, 1, members) && ReadInteger(json, id);
    if (key == "height") {
      return Mark(json, 2, members) && ReadInteger(json, height);
    }
    if (key == "width") {
      return Mark(json, 4, members) && ReadInteger(json, width);
    }
    return json.Skip();
  });
  if (!read) return false;
  if ((members & 1) == 0) return json.Fail("no id");
  entries.ids.push_back(id);
  entries.heights.push_back(height);
  entries.widths.push_back(width);
  return true;
}

// Calls each(member of RecordColumns, member of Record) of the columns for
// these members of records.
template <typename Each>
void ForColumns(uint32_t members, const Each& each) {
  const auto some = [&](uint32_t member, auto column, auto of_record) {
    if ((members & member) != 0) each(column, of_record);
  };
  using Columns = RecordColumns;
  some(FCIS_RECORD_ID, &Columns::ids, &Record::id);
  some(FCIS_RECORD_IMAGE, &Columns::image_ids, &Record::image_id);
  some(FCIS_RECORD_CATEGORY, &Columns::category_ids, &Record::category_id);
  some(FCIS_RECORD_AREA, &Columns::areas, &Record::area);
  some(FCIS_RECORD_SCORE, &Columns::scores, &Record::score);
  some(FCIS_RECORD_CROWD, &Columns::crowd, &Record::crowd);
  some(FCIS_RECORD_SCORE, &Columns::integral, &Record::integral);
  some(FCIS_RECORD_BOX, &Columns::boxes, &Record::box);
  some(FCIS_RECORD_SEGMENTATION, &Columns::segmentations,
       &Record::segmentation);
  some(FCIS_RECORD_KEYPOINTS, &Columns::keypoints, &Record::keypoints);
  some(FCIS_RECORD_NUM_KEYPOINTS, &Columns::num_keypoints,
       &Record::num_keypoints);
}

// Appends a record to the columns that it, or one before, has a member of.
void Append(const Record& record, RecordColumns& columns) {
  columns.all &= record.members;
  columns.any |= record.members;
  const size_t size = ++columns.size;
  ForColumns(columns.any, [&](auto to, auto member) {
    auto& column = columns.*to;
    // Of records before the first that has it.
    column.resize(size - 1,
                  typename std::decay_t<decltype(column)>::value_type());
    column.push_back(record.*member);
  });
}

// A column of a part that has none is 0.
template <typename T>
void CopyColumn(const LargeVector<T>& from, size_t size, size_t at,
                LargeVector<T>& to) {
  const auto place = to.begin() + static_cast<int64_t>(at);
  std::copy(from.begin(), from.end(), place);
  std::fill(place + static_cast<int64_t>(from.size()),
            place + static_cast<int64_t>(size), T());
}

// Parts, one behind the other.
RecordColumns Join(std::vector<RecordColumns> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  RecordColumns columns;
  std::vector<size_t> first;
  for (const RecordColumns& part : parts) {
    first.push_back(columns.size);
    columns.size += part.size;
    columns.all &= part.all;
    columns.any |= part.any;
  }
  ForColumns(columns.any,
             [&](auto to, auto) { (columns.*to).resize(columns.size); });
  ParallelForEach(parts.size(), 1, [&](size_t p) {
    ForColumns(columns.any, [&](auto column, auto) {
      CopyColumn(parts[p].*column, parts[p].size, first[p], columns.*column);
    });
    parts[p] = RecordColumns();
  });
  return columns;
}

// Room for as many records as the text holds, if all are like the first of the
// list that begins at byte `at`.
void Reserve(absl::string_view text, size_t at, size_t parts,
             RecordColumns& columns) {
  JsonScanner json(text, at + 1);
  json.Peek();
  const size_t begin = json.offset();
  if (!json.Skip()) return;
  const size_t expected = (text.size() - at) / (json.offset() - begin) / parts;
  columns.image_ids.reserve(expected);
  columns.category_ids.reserve(expected);
  columns.scores.reserve(expected);
  columns.boxes.reserve(expected);
}

// The list that begins at byte `at`; sets `at` behind it.
absl::StatusOr<RecordColumns> ReadRecords(absl::string_view text, size_t& at) {
  const Reader reader(text);
  const int threads = NumThreads();
  const int wanted = threads == 1 ? 1 : 4 * threads;
  std::vector<RecordColumns> parts(static_cast<size_t>(wanted));
  ASSIGN_OR_RETURN(const data::ArrayParts read,
                   data::ReadArrayParts(text, at, wanted, [&](size_t p) {
                     parts[p] = RecordColumns();
                     Reserve(text, at, parts.size(), parts[p]);
                     return [&reader, part = &parts[p]](JsonScanner& json) {
                       Record record;
                       if (!reader.ReadRecord(json, record)) return false;
                       Append(record, *part);
                       return true;
                     };
                   }));
  at = read.end;
  parts.resize(read.parts);
  return Join(std::move(parts));
}

bool ReadEntries(JsonScanner& json, const Reader& reader,
                 EntryColumns& entries) {
  return json.ReadArray([&] { return reader.ReadEntry(json, entries); });
}

// Whether a byte is no ASCII's.
bool HasHigh(absl::string_view text) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  uint64_t bits = 0;
  size_t i = 0;
  for (; i + sizeof(bits) <= text.size(); i += sizeof(bits)) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof(word));
    bits |= word;
  }
  for (; i < text.size(); ++i) bits |= static_cast<uint8_t>(text[i]);
  return (bits & kHigh) != 0;
}

// Python reads text in UTF-8; here it is not checked.
absl::StatusOr<std::shared_ptr<const MappedFile>> OpenAscii(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file,
                   MappedFile::Open(path));
  const absl::string_view bytes = file->bytes();
  constexpr int64_t kBlock = 1 << 21;
  std::atomic<bool> high{false};
  ParallelFor(static_cast<int64_t>(bytes.size()), kBlock,
              [&](int64_t begin, int64_t end) {
                const auto at = static_cast<size_t>(begin);
                if (HasHigh(bytes.substr(at, static_cast<size_t>(end) - at))) {
                  high = true;
                }
              });
  if (!high) return file;
  const absl::string_view kind = Describe(KindOfBytes(bytes));
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": expected ASCII, this is ", kind.empty() ? "none" : kind));
}

}  // namespace

absl::StatusOr<RecordFile> ReadAnnotationFile(const std::string& path) {
  RecordFile read;
  ASSIGN_OR_RETURN(read.file, OpenAscii(path));
  const absl::string_view text = read.file->bytes();
  const Reader reader(text);
  JsonScanner json(text);
  uint32_t lists = 0;
  json.ReadObject([&](absl::string_view key) {
    if (key == "images") {
      return Mark(json, 1, lists) && ReadEntries(json, reader, read.images);
    }
    if (key == "categories") {
      return Mark(json, 2, lists) && ReadEntries(json, reader, read.categories);
    }
    if (key != "annotations") return json.Skip();
    if (!Mark(json, 4, lists)) return false;
    if (json.Peek() != Kind::kArray) return json.Expected("a list");
    size_t at = json.offset();
    absl::StatusOr<RecordColumns> records = ReadRecords(text, at);
    if (!records.ok()) return json.FailWith(records.status());
    read.records = *std::move(records);
    json.Seek(at);
    return true;
  });
  json.ReadEnd();
  RETURN_IF_ERROR(Within(path, json.status()));
  if (lists == 7) return read;
  return absl::InvalidArgumentError(absl::StrCat(path, ": a list is missing"));
}

absl::StatusOr<RecordFile> ReadResultFile(const std::string& path) {
  RecordFile read;
  ASSIGN_OR_RETURN(read.file, OpenAscii(path));
  const absl::string_view text = read.file->bytes();
  JsonScanner begin(text);
  if (begin.Peek() != Kind::kArray) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a list"));
  }
  size_t at = begin.offset();
  absl::StatusOr<RecordColumns> records = ReadRecords(text, at);
  RETURN_IF_ERROR(Within(path, records.status()));
  read.records = *std::move(records);
  JsonScanner end(text, at);
  end.ReadEnd();
  RETURN_IF_ERROR(Within(path, end.status()));
  return read;
}

}  // namespace fcis::api
