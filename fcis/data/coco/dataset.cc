#include "fcis/data/coco/dataset.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/json/json_parts.h"

namespace fcis {
namespace {

using Kind = JsonScanner::Kind;

bool ReadText(JsonScanner& json, std::string& value) {
  absl::string_view text;
  if (!json.ReadString(text)) return false;
  value = std::string(text);
  return true;
}

// A file name or a name; null counts as missing.
bool ReadOptionalText(JsonScanner& json, std::string& value) {
  return json.Peek() == Kind::kNull ? json.Skip() : ReadText(json, value);
}

bool ReadLength(JsonScanner& json, int64_t& value) {
  JsonNumber number;
  if (json.Peek() == Kind::kNull) return json.Skip();
  if (!json.ReadNumber(number)) return false;
  if (!number.integral || number.integer < 0) {
    return json.Fail("height and width are integers, not negative");
  }
  value = number.integer;
  return true;
}

// What Python takes for true or false: 0, 1, 1.0, true.
bool ReadFlag(JsonScanner& json, double& value) {
  switch (json.Peek()) {
    case Kind::kBool: {
      bool flag = false;
      if (!json.ReadBool(flag)) return false;
      value = flag;
      return true;
    }
    case Kind::kNull:
      value = 0;
      return json.Skip();
    default:
      return json.ReadNumber(value);
  }
}

bool ReadBbox(JsonScanner& json, CocoAnnotation& annotation) {
  double numbers[4];
  int n = 0;
  const bool read = json.ReadArray([&] {
    double extra;
    return json.ReadNumber(n < 4 ? numbers[n++] : (++n, extra));
  });
  if (!read) return false;
  annotation.has_bbox = n != 0;
  if (n == 0) return true;
  if (n != 4) return json.Fail("\"bbox\": expected [x, y, width, height]");
  annotation.bbox = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return true;
}

// Notes that a key was there, and whether it was there before.
void Mark(bool& seen, bool& duplicate) {
  duplicate |= seen;
  seen = true;
}

bool ReadImage(JsonScanner& json, CocoImage& image) {
  bool has_id = false;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "id") {
      Mark(has_id, image.duplicate_key);
      return ReadRecordId(json, image.id);
    }
    if (key == "file_name") return ReadOptionalText(json, image.file_name);
    if (key == "height") return ReadLength(json, image.height);
    if (key == "width") return ReadLength(json, image.width);
    return json.Skip();
  });
  return read && (has_id || json.Fail("the image has no \"id\""));
}

bool ReadCategory(JsonScanner& json, CocoCategory& category) {
  bool has_id = false;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "id") {
      Mark(has_id, category.duplicate_key);
      return ReadRecordId(json, category.id);
    }
    if (key == "name") return ReadOptionalText(json, category.name);
    if (key == "supercategory") {
      return ReadOptionalText(json, category.supercategory);
    }
    return json.Skip();
  });
  if (!read) return false;
  if (!has_id) return json.Fail("the category has no \"id\"");
  if (category.name.empty()) {
    category.name = category.id.is_text() ? category.id.text()
                                          : absl::StrCat(category.id.number());
  }
  return true;
}

bool ReadAnnotation(JsonScanner& json, CocoAnnotation& annotation) {
  bool has_id = false, has_image = false, has_category = false;
  bool has_segmentation = false, has_bbox = false, has_area = false;
  bool has_crowd = false;
  bool& duplicate = annotation.duplicate_key;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "segmentation") {
      Mark(has_segmentation, duplicate);
      if (json.Peek() == Kind::kNull) {
        annotation.segmentation = {};
        return json.Skip();
      }
      return json.Skip(annotation.segmentation);
    }
    if (key == "id") {
      Mark(has_id, duplicate);
      return ReadRecordId(json, annotation.id);
    }
    if (key == "image_id") {
      Mark(has_image, duplicate);
      return ReadRecordId(json, annotation.image_id);
    }
    if (key == "category_id") {
      Mark(has_category, duplicate);
      return ReadRecordId(json, annotation.category_id);
    }
    if (key == "bbox") {
      Mark(has_bbox, duplicate);
      return ReadBbox(json, annotation);
    }
    if (key == "area") {
      Mark(has_area, duplicate);
      annotation.has_area = json.Peek() != Kind::kNull;
      return annotation.has_area ? json.ReadNumber(annotation.area)
                                 : json.Skip();
    }
    if (key == "iscrowd") {
      Mark(has_crowd, duplicate);
      return ReadFlag(json, annotation.crowd);
    }
    if (key == "ignore") {
      double flag = 0;
      if (!ReadFlag(json, flag)) return false;
      annotation.ignore = flag != 0;
      return true;
    }
    return json.Skip();
  });
  if (!read) return false;
  if (!has_id) return json.Fail("the annotation has no \"id\"");
  if (!has_image) return json.Fail("the annotation has no \"image_id\"");
  return has_category || json.Fail("the annotation has no \"category_id\"");
}

// Reads a list of records; `where` names the one that is being read.
template <typename Record, typename Read>
bool ReadRecords(JsonScanner& json, absl::string_view name, Read read,
                 std::vector<Record>& records, std::string& where) {
  records.clear();
  if (json.Peek() != Kind::kArray) {
    where = absl::StrCat(name, ": ");
    return json.Expected("a list");
  }
  return json.ReadArray([&] {
    records.emplace_back();
    if (read(json, records.back())) return true;
    where = absl::StrCat(name, "[", records.size() - 1, "]: ");
    return false;
  });
}

// Annotations are nearly all of a file: they are read in parts.
bool ReadAnnotations(JsonScanner& json, absl::string_view text,
                     std::vector<CocoAnnotation>& annotations,
                     std::string& where) {
  // Below it, several threads gain nothing.
  constexpr size_t kLarge = size_t{1} << 20;
  annotations.clear();
  if (json.Peek() != Kind::kArray) {
    where = "annotations: ";
    return json.Expected("a list");
  }
  const int parts = text.size() - json.offset() < kLarge ? 1 : NumThreads();
  std::vector<std::vector<CocoAnnotation>> read(static_cast<size_t>(parts));
  const absl::StatusOr<ArrayParts> all =
      ReadArrayParts(text, json.offset(), parts, [&](size_t part) {
        std::vector<CocoAnnotation>* const list = &read[part];
        list->clear();
        return [list](JsonScanner& element) {
          list->emplace_back();
          return ReadAnnotation(element, list->back());
        };
      });
  if (!all.ok()) {
    where = "annotations";
    return json.FailWith(all.status());
  }
  annotations = std::move(read[0]);
  for (size_t i = 1; i < all->parts; ++i) {
    annotations.insert(annotations.end(),
                       std::make_move_iterator(read[i].begin()),
                       std::make_move_iterator(read[i].end()));
  }
  json.Seek(all->end);
  return true;
}

bool ReadTop(JsonScanner& json, absl::string_view text, CocoDataset& dataset,
             std::string& where) {
  bool has_images = false, has_annotations = false;
  bool& duplicate = dataset.duplicate_key;
  return json.ReadObject([&](absl::string_view key) {
    if (key == "images") {
      Mark(has_images, duplicate);
      return ReadRecords(json, "images", ReadImage, dataset.images, where);
    }
    if (key == "annotations") {
      Mark(has_annotations, duplicate);
      return ReadAnnotations(json, text, dataset.annotations, where);
    }
    if (key == "categories") {
      Mark(dataset.has_categories, duplicate);
      return ReadRecords(json, "categories", ReadCategory, dataset.categories,
                         where);
    }
    return json.Skip();
  }) && json.ReadEnd();
}

}  // namespace

absl::StatusOr<CocoDataset> ReadCocoDataset(const std::string& path) {
  CocoDataset dataset;
  dataset.path = path;
  ASSIGN_OR_RETURN(dataset.file, MappedFile::Open(path));
  JsonScanner json(dataset.file->bytes());
  std::string where;
  if (!ReadTop(json, dataset.file->bytes(), dataset, where)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", where, json.status().message()));
  }
  return dataset;
}

}  // namespace fcis
