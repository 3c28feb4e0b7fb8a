#include "fcis/data/coco/dataset.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/json/json_parts.h"
#include "fcis/data/json/open_json.h"

namespace fcis::data {
namespace {

using Kind = JsonScanner::Kind;
using Faults = std::vector<RecordFault>;

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

// What Python takes for true or false: 0, 1, 1.0, true.
bool ReadFlag(JsonScanner& json, double& value) {
  if (json.Peek() != Kind::kBool) return json.ReadNumber(value);
  bool flag = false;
  if (!json.ReadBool(flag)) return false;
  value = flag;
  return true;
}

// Four numbers; none: there is no box.
bool ReadBbox(JsonScanner& json, XywhBox& box, int& n) {
  double numbers[4];
  n = 0;
  const bool read = json.ReadArray([&] {
    double extra;
    return json.ReadNumber(n < 4 ? numbers[n++] : (++n, extra));
  });
  if (!read) return false;
  if (n == 4) box = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return n == 0 || n == 4 || json.Fail("no box");
}

// The rules of the three kinds of records.
struct Rules {
  explicit Rules(const CocoNeeds& needs) {
    images.needed = categories.needed = BitOf(Member::kId);
    annotations.needed = BitOf(Member::kId) | BitOf(Member::kImageId) |
                         BitOf(Member::kCategoryId);
    annotations.used = BitOf(Member::kCrowd);
    Add(needs.file_name, Member::kFileName, images);
    Add(needs.name, Member::kName, categories);
    Add(needs.bbox, Member::kBbox, annotations);
    Add(needs.area, Member::kArea, annotations);
    Add(needs.ignore, Member::kIgnore, annotations);
    if (needs.evaluated_later) {
      annotations.later = BitOf(Member::kBbox) | BitOf(Member::kArea);
    }
    for (const RecordId& id : needs.image_ids) image_ids_.Set(id, 0);
    for (const RecordId& id : needs.category_ids) category_ids_.Set(id, 0);
  }

  // Whether it matters what is wrong with a record, as far as its ids can be
  // read.
  bool Matters(const RecordReader& reader, const CocoImage& image) const {
    return IsAmong(image_ids_, reader, Member::kId, image.id);
  }
  bool Matters(const RecordReader& reader, const CocoCategory& category) const {
    return IsAmong(category_ids_, reader, Member::kId, category.id);
  }
  bool Matters(const RecordReader& reader,
               const CocoAnnotation& annotation) const {
    return IsAmong(image_ids_, reader, Member::kImageId, annotation.image_id) &&
           IsAmong(category_ids_, reader, Member::kCategoryId,
                   annotation.category_id);
  }

  RecordRule images, categories, annotations;

 private:
  static bool IsAmong(const RecordIndex& ids, const RecordReader& reader,
                      Member member, const RecordId& id) {
    return ids.empty() || !reader.Has(member) || ids.Find(id) >= 0;
  }
  static void Add(MemberUse use, Member member, RecordRule& rule) {
    if (use == MemberUse::kOptional) rule.used |= BitOf(member);
    if (use == MemberUse::kNeeded) rule.needed |= BitOf(member);
  }

  RecordIndex image_ids_, category_ids_;  // empty: all
};

bool ReadImage(JsonScanner& json, RecordReader& reader, CocoImage& image) {
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "id") {
      return reader.Take(Member::kId, [&](JsonScanner& value) {
        return ReadRecordId(value, image.id);
      });
    }
    if (key == "file_name") {
      return reader.Take(Member::kFileName, [&](JsonScanner& value) {
        return ReadText(value, image.file_name) &&
               (!image.file_name.empty() || value.Fail("no name"));
      });
    }
    if (key == "height" || key == "width") {
      const bool high = key == "height";
      int64_t& length = high ? image.height : image.width;
      length = -1;
      return reader.Take(
          high ? Member::kHeight : Member::kWidth,
          [&](JsonScanner& value) { return ReadLength(value, length); });
    }
    return json.Skip();
  });
  if (!reader.Has(Member::kFileName)) image.file_name.clear();
  image.duplicate_key = reader.has_duplicates();
  return read || reader.Fail(image.id);
}

bool ReadCategory(JsonScanner& json, RecordReader& reader,
                  CocoCategory& category) {
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "id") {
      return reader.Take(Member::kId, [&](JsonScanner& value) {
        return ReadRecordId(value, category.id);
      });
    }
    if (key == "name") {
      return reader.Take(Member::kName, [&](JsonScanner& value) {
        return ReadText(value, category.name);
      });
    }
    if (key == "supercategory") {
      return reader.Take(Member::kSupercategory, [&](JsonScanner& value) {
        return ReadText(value, category.supercategory);
      });
    }
    return json.Skip();
  });
  if (!reader.Has(Member::kName) || category.name.empty()) {
    category.name = category.id.ToPlain();
  }
  category.duplicate_key = reader.has_duplicates();
  return read || reader.Fail(category.id);
}

bool ReadAnnotation(JsonScanner& json, RecordReader& reader,
                    CocoAnnotation& annotation) {
  int box_numbers = 0;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "segmentation") {
      annotation.segmentation = {};
      return reader.Take(Member::kSegmentation, [&](JsonScanner& value) {
        return value.Skip(annotation.segmentation);
      });
    }
    if (key == "id") {
      return reader.Take(Member::kId, [&](JsonScanner& value) {
        return ReadRecordId(value, annotation.id);
      });
    }
    if (key == "image_id") {
      return reader.Take(Member::kImageId, [&](JsonScanner& value) {
        return ReadRecordId(value, annotation.image_id);
      });
    }
    if (key == "category_id") {
      return reader.Take(Member::kCategoryId, [&](JsonScanner& value) {
        return ReadRecordId(value, annotation.category_id);
      });
    }
    if (key == "bbox") {
      return reader.Take(Member::kBbox, [&](JsonScanner& value) {
        return ReadBbox(value, annotation.bbox, box_numbers);
      });
    }
    if (key == "area") {
      return reader.Take(Member::kArea, [&](JsonScanner& value) {
        return value.ReadNumber(annotation.area);
      });
    }
    if (key == "iscrowd") {
      annotation.crowd = 0;
      return reader.Take(Member::kCrowd, [&](JsonScanner& value) {
        return ReadFlag(value, annotation.crowd);
      });
    }
    if (key == "ignore") {
      double flag = 0;
      const bool taken = reader.Take(Member::kIgnore, [&](JsonScanner& value) {
        return ReadFlag(value, flag);
      });
      annotation.ignore = flag != 0;
      return taken;
    }
    return json.Skip();
  });
  if (box_numbers == 0) reader.Drop(Member::kBbox);
  annotation.has_bbox = reader.Has(Member::kBbox);
  annotation.has_area = reader.Has(Member::kArea);
  annotation.duplicate_key = reader.has_duplicates();
  return read || reader.Fail(annotation.id);
}

// Records in the file's order, but those that are left out.
template <typename Record>
struct RecordList {
  std::vector<Record> records;
  Faults faults;
  uint32_t count = 0;  // with those that are left out
  // CocoDataset::left_out_of; of annotations only.
  std::vector<absl::optional<RecordId>> left_out_of;
};

void NoteLeftOut(const RecordReader& reader, const CocoAnnotation& annotation,
                 RecordList<CocoAnnotation>& list) {
  list.left_out_of.emplace_back();
  if (reader.Has(Member::kImageId)) {
    list.left_out_of.back() = annotation.image_id;
  }
}

template <typename Record>
void NoteLeftOut(const RecordReader&, const Record&, RecordList<Record>&) {}

// Behind a record: what is wrong with it, and whether it stays.
template <typename Record>
void Finish(RecordReader& reader, const Rules& rules,
            RecordList<Record>& list) {
  const Record& record = list.records.back();
  const size_t before = list.faults.size();
  const bool stays = reader.Finish(record.id, list.faults);
  if (list.faults.size() > before && !rules.Matters(reader, record)) {
    for (size_t i = before; i < list.faults.size(); ++i) {
      list.faults[i].error = false;
    }
  }
  if (stays) return;
  NoteLeftOut(reader, record, list);
  list.records.pop_back();
}

// Reads the next record of a list by read(json, reader, record). False: it is
// no JSON.
template <typename Record, typename Read>
bool ReadRecord(JsonScanner& json, absl::string_view text, const Rules& rules,
                const RecordRule& rule, Read read, RecordList<Record>& list) {
  RecordReader reader(json, text, rule);
  bool object = false;
  if (!reader.Begin(list.count, list.faults, object)) return false;
  if (object) {
    list.records.emplace_back();
    Record& record = list.records.back();
    record.index = list.count;
    if (!read(json, reader, record)) return false;
    Finish(reader, rules, list);
  } else {
    NoteLeftOut(reader, Record(), list);
  }
  ++list.count;
  return true;
}

class DatasetReader {
 public:
  DatasetReader(const std::string& path, absl::string_view text,
                const CocoNeeds& needs, CocoDataset* dataset)
      : path_(path), text_(text), rules_(needs), dataset_(*dataset) {}

  absl::Status Run() {
    JsonScanner json(text_);
    if (ReadTop(json)) {
      dataset_.problems.Append(images_);
      dataset_.problems.Append(categories_);
      dataset_.problems.Append(annotations_);
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": ", where_, json.status().message()));
  }

 private:
  bool ReadTop(JsonScanner& json);
  template <typename Record, typename Read>
  bool ReadRecords(JsonScanner& json, const char* name, const char* kind,
                   const RecordRule& rule, Read read, RecordProblems& problems,
                   std::vector<Record>& records);
  bool ReadAnnotations(JsonScanner& json);
  bool CheckList(JsonScanner& json, const char* name);
  void AddFaults(const char* name, const char* kind, const Faults& faults,
                 uint32_t first, RecordProblems& problems);

  const std::string& path_;
  const absl::string_view text_;
  const Rules rules_;
  CocoDataset& dataset_;
  // Of the list that counts where one is there twice.
  RecordProblems images_, categories_, annotations_;
  std::string where_;  // of an error, before its byte
};

void DatasetReader::AddFaults(const char* name, const char* kind,
                              const Faults& faults, uint32_t first,
                              RecordProblems& problems) {
  int64_t last_error = -1;  // the record that the last one is about
  for (const RecordFault& fault : faults) {
    const std::string place = absl::StrCat(name, "[", first + fault.index, "]");
    std::string line = absl::StrCat(
        path_, ": ",
        fault.id.empty()
            ? place
            : absl::StrCat(kind, " id ", fault.id, " (", place, ")"),
        ": ", fault.what);
    if (!fault.error) {
      problems.remarks.Add(std::move(line));
      continue;
    }
    const bool same_record = fault.index == last_error;
    problems.errors.Add(std::move(line), same_record);
    last_error = fault.index;
  }
}

bool DatasetReader::CheckList(JsonScanner& json, const char* name) {
  if (json.Peek() == Kind::kArray) return true;
  where_ = absl::StrCat(name, ": ");
  return json.Expected("a list");
}

template <typename Record, typename Read>
bool DatasetReader::ReadRecords(JsonScanner& json, const char* name,
                                const char* kind, const RecordRule& rule,
                                Read read, RecordProblems& problems,
                                std::vector<Record>& records) {
  if (!CheckList(json, name)) return false;
  RecordList<Record> list;
  const bool all = json.ReadArray([&] {
    if (ReadRecord(json, text_, rules_, rule, read, list)) return true;
    where_ = absl::StrCat(name, "[", list.count, "]: ");
    return false;
  });
  if (!all) {
    if (where_.empty()) where_ = absl::StrCat(name, ": ");
    return false;
  }
  problems = RecordProblems();
  AddFaults(name, kind, list.faults, 0, problems);
  records = std::move(list.records);
  return true;
}

// Annotations are nearly all of a file: they are read in parts.
bool DatasetReader::ReadAnnotations(JsonScanner& json) {
  // Below it, several threads gain nothing.
  constexpr size_t kLarge = size_t{1} << 20;
  if (!CheckList(json, "annotations")) return false;
  const int parts = text_.size() - json.offset() < kLarge ? 1 : NumThreads();
  std::vector<RecordList<CocoAnnotation>> read(static_cast<size_t>(parts));
  const absl::StatusOr<ArrayParts> all =
      ReadArrayParts(text_, json.offset(), parts, [&](size_t part) {
        RecordList<CocoAnnotation>* const list = &read[part];
        *list = {};
        return [this, list](JsonScanner& element) {
          return ReadRecord(element, text_, rules_, rules_.annotations,
                            ReadAnnotation, *list);
        };
      });
  if (!all.ok()) {
    where_ = "annotations";
    return json.FailWith(all.status());
  }
  std::vector<CocoAnnotation>& annotations = dataset_.annotations;
  annotations = std::move(read[0].records);
  annotations_ = RecordProblems();
  dataset_.left_out_of = std::move(read[0].left_out_of);
  AddFaults("annotations", "annotation", read[0].faults, 0, annotations_);
  uint32_t first = read[0].count;
  for (size_t i = 1; i < all->parts; ++i) {
    for (CocoAnnotation& annotation : read[i].records) {
      annotation.index += first;
    }
    AddFaults("annotations", "annotation", read[i].faults, first, annotations_);
    dataset_.left_out_of.insert(dataset_.left_out_of.end(),
                                read[i].left_out_of.begin(),
                                read[i].left_out_of.end());
    first += read[i].count;
    annotations.insert(annotations.end(),
                       std::make_move_iterator(read[i].records.begin()),
                       std::make_move_iterator(read[i].records.end()));
  }
  json.Seek(all->end);
  return true;
}

bool DatasetReader::ReadTop(JsonScanner& json) {
  bool has_images = false, has_annotations = false;
  const auto mark = [&](bool& seen) {
    dataset_.duplicate_key |= seen;
    seen = true;
  };
  return json.ReadObject([&](absl::string_view key) {
    if (key == "images") {
      mark(has_images);
      return ReadRecords(json, "images", "image", rules_.images, ReadImage,
                         images_, dataset_.images);
    }
    if (key == "annotations") {
      mark(has_annotations);
      return ReadAnnotations(json);
    }
    if (key == "categories") {
      mark(dataset_.has_categories);
      return ReadRecords(json, "categories", "category", rules_.categories,
                         ReadCategory, categories_, dataset_.categories);
    }
    return json.Skip();
  }) && json.ReadEnd();
}

}  // namespace

absl::StatusOr<CocoDataset> ReadCocoDataset(const std::string& path,
                                            const CocoNeeds& needs) {
  CocoDataset dataset;
  dataset.path = path;
  ASSIGN_OR_RETURN(dataset.file, OpenJson(path));
  RETURN_IF_ERROR(
      DatasetReader(path, dataset.file->bytes(), needs, &dataset).Run());
  return dataset;
}

std::string NameOf(const CocoDataset& dataset,
                   const CocoAnnotation& annotation) {
  return absl::StrCat(dataset.path, ": annotation id ",
                      annotation.id.ToString(), " (annotations[",
                      annotation.index, "])");
}

std::string NameOf(const CocoDataset& dataset, const CocoImage& image) {
  return absl::StrCat(dataset.path, ": image id ", image.id.ToString(),
                      " (images[", image.index, "])");
}

std::string TwoNames(const CocoDataset& dataset, absl::string_view name,
                     const CocoCategory& category) {
  return absl::StrCat(dataset.path, ": category id ", category.id.ToString(),
                      " has two names, \"", name, "\" and \"", category.name,
                      "\"");
}

}  // namespace fcis::data
