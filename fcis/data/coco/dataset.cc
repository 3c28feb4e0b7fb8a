#include "fcis/data/coco/dataset.h"

#include <iterator>
#include <type_traits>
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
    if (key == "id") return reader.Take(Member::kId, ReadRecordId, image.id);
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
      return reader.Take(high ? Member::kHeight : Member::kWidth, ReadLength,
                         length);
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
    if (key == "id") return reader.Take(Member::kId, ReadRecordId, category.id);
    if (key == "name") {
      return reader.Take(Member::kName, ReadText, category.name);
    }
    if (key == "supercategory") {
      return reader.Take(Member::kSupercategory, ReadText,
                         category.supercategory);
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
  bool no_box = false;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "segmentation") {
      annotation.segmentation = {};
      return reader.Take(Member::kSegmentation, [&](JsonScanner& value) {
        return value.Skip(annotation.segmentation);
      });
    }
    if (key == "id") {
      return reader.Take(Member::kId, ReadRecordId, annotation.id);
    }
    if (key == "image_id") {
      return reader.Take(Member::kImageId, ReadRecordId, annotation.image_id);
    }
    if (key == "category_id") {
      return reader.Take(Member::kCategoryId, ReadRecordId,
                         annotation.category_id);
    }
    if (key == "bbox") {
      return reader.Take(Member::kBbox, [&](JsonScanner& value) {
        return ReadBbox(value, annotation.bbox, no_box);
      });
    }
    if (key == "area") {
      return reader.Take(Member::kArea, ReadDouble, annotation.area);
    }
    if (key == "iscrowd") {
      annotation.crowd = 0;
      return reader.Take(Member::kCrowd, ReadFlag, annotation.crowd);
    }
    if (key == "ignore") {
      double flag = 0;
      const bool taken = reader.Take(Member::kIgnore, ReadFlag, flag);
      annotation.ignore = flag != 0;
      return taken;
    }
    return json.Skip();
  });
  if (no_box) reader.Drop(Member::kBbox);
  annotation.has_bbox = reader.Has(Member::kBbox);
  annotation.has_area = reader.Has(Member::kArea);
  annotation.duplicate_key = reader.has_duplicates();
  return read || reader.Fail(annotation.id);
}

template <typename Record>
using Records = std::conditional_t<std::is_same_v<Record, CocoAnnotation>,
                                   LargeVector<Record>, std::vector<Record>>;

// Records in the file's order, but those that are left out.
template <typename Record>
struct RecordList {
  Records<Record> records;
  Faults faults;
  uint32_t count = 0;  // with those that are left out
  std::vector<std::optional<RecordId>> left_out_of;  // of annotations only
};

template <typename Record>
void NoteLeftOut(const RecordReader& reader, const Record& record,
                 RecordList<Record>& list) {
  if constexpr (std::is_same_v<Record, CocoAnnotation>) {
    list.left_out_of.emplace_back();
    if (reader.Has(Member::kImageId)) list.left_out_of.back() = record.image_id;
  }
}

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
  if (!stays) {
    NoteLeftOut(reader, record, list);
    list.records.pop_back();
  }
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
  bool CheckList(JsonScanner& json, const char* name) {
    if (json.Peek() == Kind::kArray) return true;
    where_ = absl::StrCat(name, ": ");
    return json.Expected("a list");
  }
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
    if (fault.error) {
      problems.errors.Add(std::move(line), fault.index == last_error);
      last_error = fault.index;
    } else {
      problems.remarks.Add(std::move(line));
    }
  }
}

template <typename Record, typename Read>
bool DatasetReader::ReadRecords(JsonScanner& json, const char* name,
                                const char* kind, const RecordRule& rule,
                                Read read, RecordProblems& problems,
                                std::vector<Record>& records) {
  if (!CheckList(json, name)) return false;
  where_ = absl::StrCat(name, ": ");
  RecordList<Record> list;
  const bool all = json.ReadArray([&] {
    if (ReadRecord(json, text_, rules_, rule, read, list)) return true;
    where_ = absl::StrCat(name, "[", list.count, "]: ");
    return false;
  });
  if (!all) return false;
  where_.clear();
  problems = RecordProblems();
  AddFaults(name, kind, list.faults, 0, problems);
  records = std::move(list.records);
  return true;
}

// Moves the elements behind those of another list.
template <typename List>
void Append(List& from, List& to) {
  if (to.empty() && to.capacity() <= from.size()) return to.swap(from);
  to.insert(to.end(), std::make_move_iterator(from.begin()),
            std::make_move_iterator(from.end()));
}

// Annotations are nearly all of a file: they are read in parts.
bool DatasetReader::ReadAnnotations(JsonScanner& json) {
  if (!CheckList(json, "annotations")) return false;
  const bool small = text_.size() - json.offset() < size_t{1} << 20;
  // Several for each thread, as one may be slower than the others.
  const int parts = small || NumThreads() == 1 ? 1 : 4 * NumThreads();
  constexpr size_t kUsualLength = 600;  // of an annotation's text
  const size_t expected =
      text_.size() / kUsualLength / static_cast<size_t>(parts);
  std::vector<RecordList<CocoAnnotation>> read(parts);
  const absl::StatusOr<ArrayParts> all =
      ReadArrayParts(text_, json.offset(), parts, [&](size_t part) {
        RecordList<CocoAnnotation>* const list = &read[part];
        *list = {};
        list->records.reserve(expected);
        return [this, list](JsonScanner& element) {
          return ReadRecord(element, text_, rules_, rules_.annotations,
                            ReadAnnotation, *list);
        };
      });
  if (!all.ok()) {
    where_ = "annotations";
    return json.FailWith(all.status());
  }
  dataset_.annotations.clear();
  dataset_.left_out_of.clear();
  annotations_ = RecordProblems();
  uint32_t first = 0;
  dataset_.annotations.reserve(parts * read[0].records.size());  // about
  for (size_t i = 0; i < all->parts; ++i) {
    for (CocoAnnotation& record : read[i].records) record.index += first;
    AddFaults("annotations", "annotation", read[i].faults, first, annotations_);
    Append(read[i].left_out_of, dataset_.left_out_of);
    Append(read[i].records, dataset_.annotations);
    first += read[i].count;
  }
  json.Seek(all->end);
  return true;
}

bool DatasetReader::ReadTop(JsonScanner& json) {
  bool has_images = false, has_annotations = false, has_categories = false;
  const auto mark = [&](bool& seen) {
    dataset_.duplicate_key |= std::exchange(seen, true);
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
      mark(has_categories);
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
