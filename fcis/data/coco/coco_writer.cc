#include "fcis/data/coco/coco_writer.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/coco/put_mask.h"
#include "fcis/data/json/json_writer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::data {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

bool IsFinite(const XywhBox& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) &&
         std::isfinite(box.width) && std::isfinite(box.height);
}

void PutOutline(const WrittenAnnotation& annotation, Json& json) {
  if (annotation.polygons.empty()) {
    PutMask(annotation.mask, json);
    return;
  }
  PutArray("segmentation", annotation.polygons, json,
           [&](const std::vector<double>& polygon) {
             json.StartArray();
             for (const double number : polygon) PutJson(number, json);
             json.EndArray();
           });
}

// `put` writes a record's members.
template <typename Record, typename Put>
void PutRecords(const char* name, const std::vector<Record>& records,
                Json& json, const Put& put) {
  PutArray(name, records, json, [&](const Record& record) {
    PutObject(json, [&] { put(record); });
  });
}

// The number in a name as COCO gives its pictures.
std::optional<int64_t> CocoImageId(absl::string_view stem) {
  constexpr size_t kDigits = 12;
  if (stem.size() < kDigits) return std::nullopt;
  const absl::string_view digits = stem.substr(stem.size() - kDigits);
  const absl::string_view prefix = stem.substr(0, stem.size() - kDigits);
  if (!absl::c_all_of(digits, absl::ascii_isdigit)) return std::nullopt;
  const bool named_by_coco =
      prefix.empty() ||
      (absl::StartsWith(prefix, "COCO_") && absl::EndsWith(prefix, "_"));
  int64_t id = 0;
  if (!named_by_coco || !absl::SimpleAtoi(digits, &id)) return std::nullopt;
  return id;
}

}  // namespace

absl::Status WriteCocoDataset(const std::string& path,
                              const WrittenDataset& dataset) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  PutObject(json, [&] {
    PutObject("info", json,
              [&] { PutMember("description", dataset.description, json); });
    PutRecords("categories", dataset.categories, json,
               [&](const WrittenCategory& category) {
                 PutMember("id", category.id, json);
                 PutMember("name", category.name, json);
                 PutMember("supercategory", category.supercategory, json);
               });
    PutRecords("images", dataset.images, json, [&](const WrittenImage& image) {
      PutMember("id", image.id, json);
      PutMember("file_name", image.file_name, json);
      PutMember("height", image.height, json);
      PutMember("width", image.width, json);
    });
    PutRecords("annotations", dataset.annotations, json,
               [&](const WrittenAnnotation& annotation) {
                 PutMember("id", annotation.id, json);
                 PutMember("image_id", annotation.image_id, json);
                 PutMember("category_id", annotation.category_id, json);
                 PutMember("iscrowd", int{annotation.crowd}, json);
                 if (annotation.ignore) PutMember("ignore", 1, json);
                 PutOutline(annotation, json);
                 PutMember("area", RleArea(annotation.mask), json);
                 PutBox(RleToBbox(annotation.mask), json);
               });
  });
  return WriteFileAtomic(
      path, absl::string_view(buffer.GetString(), buffer.GetSize()));
}

absl::StatusOr<std::string> ResultEntryJson(const ResultEntry& entry) {
  if (!std::isfinite(entry.score) ||
      !IsFinite(entry.bbox.value_or(XywhBox()))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an instance of image ", entry.image_id.ToString(), " (",
        entry.file_name, ") has a box or score that is not finite"));
  }
  return JsonOf([&](auto& json) {
    PutObject(json, [&] {
      PutId("image_id", entry.image_id, json);
      if (!entry.file_name.empty()) {
        PutMember("file_name", entry.file_name, json);
      }
      PutId("category_id", entry.category_id, json);
      if (entry.bbox.has_value()) PutBox(*entry.bbox, json);
      PutMember("score", entry.score, json);
      PutMask(entry.segmentation, json);
    });
  });
}

absl::StatusOr<std::unique_ptr<ResultsWriter>> ResultsWriter::Create(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file->Append("["));
  return std::unique_ptr<ResultsWriter>(
      new ResultsWriter(path, std::move(file)));
}

absl::Status ResultsWriter::Write(const ResultEntry& entry) {
  ASSIGN_OR_RETURN(const std::string json,
                   Within(path_, ResultEntryJson(entry)));
  RETURN_IF_ERROR(file_->Append(empty_ ? "\n" : ",\n"));
  empty_ = false;
  return file_->Append(json);
}

absl::Status ResultsWriter::Commit() {
  RETURN_IF_ERROR(file_->Append("\n]\n"));
  return file_->Commit();
}

std::vector<int64_t> ImageIds(absl::Span<const std::string> stems) {
  std::vector<int64_t> ids;
  absl::flat_hash_set<int64_t> seen;
  for (const std::string& stem : stems) {
    const std::optional<int64_t> id = CocoImageId(stem);
    if (!id.has_value() || !seen.insert(*id).second) break;
    ids.push_back(*id);
  }
  if (ids.size() == stems.size()) return ids;
  ids.resize(stems.size());
  absl::c_iota(ids, int64_t{1});
  return ids;
}

}  // namespace fcis::data
