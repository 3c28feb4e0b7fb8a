#include "fcis/data/results_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

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
#include "fcis/core/rle/rle_string.h"

namespace fcis::data {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteString(absl::string_view text, Writer* json) {
  json->String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void WriteId(const RecordId& id, Writer* json) {
  const std::string text = id.ToJson();
  json->RawValue(
      text.data(), text.size(),
      id.is_text() ? rapidjson::kStringType : rapidjson::kNumberType);
}

// False: a number is not finite.
bool WriteBbox(const XywhBox& box, Writer* json) {
  json->StartArray();
  for (const double value : {box.x, box.y, box.width, box.height}) {
    if (!json->Double(value)) return false;
  }
  return json->EndArray();
}

void WriteSegmentation(const Rle& rle, Writer* json) {
  json->StartObject();
  json->Key("size");
  json->StartArray();
  json->Int(rle.height);
  json->Int(rle.width);
  json->EndArray();
  json->Key("counts");
  WriteString(RleCountsToString(rle.counts), json);
  json->EndObject();
}

// False: a number is not finite.
bool WriteEntry(const ResultEntry& entry, Writer* json) {
  json->StartObject();
  json->Key("image_id");
  WriteId(entry.image_id, json);
  if (!entry.file_name.empty()) {
    json->Key("file_name");
    WriteString(entry.file_name, json);
  }
  json->Key("category_id");
  WriteId(entry.category_id, json);
  if (entry.bbox.has_value()) {
    json->Key("bbox");
    if (!WriteBbox(*entry.bbox, json)) return false;
  }
  json->Key("score");
  if (!json->Double(entry.score)) return false;
  json->Key("segmentation");
  WriteSegmentation(entry.segmentation, json);
  return json->EndObject();
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

absl::StatusOr<std::string> ResultEntryJson(const ResultEntry& entry) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  if (WriteEntry(entry, &json)) {
    return std::string(buffer.GetString(), buffer.GetSize());
  }
  return absl::InvalidArgumentError(
      absl::StrCat("an instance of image ", entry.image_id.ToString(), " (",
                   entry.file_name, ") has a box or score that is not finite"));
}

absl::StatusOr<std::unique_ptr<ResultsWriter>> ResultsWriter::Create(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file->Append("["));
  return std::unique_ptr<ResultsWriter>(
      new ResultsWriter(path, std::move(file)));
}

absl::Status ResultsWriter::Write(const ResultEntry& entry) {
  const absl::StatusOr<std::string> json = ResultEntryJson(entry);
  if (!json.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": ", json.status().message()));
  }
  RETURN_IF_ERROR(file_->Append(empty_ ? "\n" : ",\n"));
  empty_ = false;
  return file_->Append(*json);
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
