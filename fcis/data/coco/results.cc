#include "fcis/data/coco/results.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/data/coco/record_problems.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/json/json_parts.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::data {
namespace {

using Kind = JsonScanner::Kind;

bool ReadScore(JsonScanner& json, double& score) {
  if (json.Peek() != Kind::kNumber) return json.Expected("a score, a number");
  if (!json.ReadNumber(score)) return false;
  return std::isfinite(score) || json.Fail("the score is not finite");
}

bool ReadResult(JsonScanner& json, bool read_segmentation, CocoResult& result) {
  result.has_bbox = result.empty_bbox = result.has_segmentation = false;
  result.duplicate_key = false;
  bool has_image = false, has_category = false, has_score = false;
  bool has_segmentation = false;
  if (json.Peek() != Kind::kObject) return json.Expected("an object");
  const char* member = nullptr;  // the one that is read
  const auto take = [&](const char* name, bool& seen, auto read) {
    result.duplicate_key |= seen;
    seen = true;
    member = name;
    if (!read()) return false;
    member = nullptr;
    return true;
  };
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "image_id") {
      return take("image_id", has_image,
                  [&] { return ReadRecordId(json, result.image_id); });
    }
    if (key == "category_id") {
      return take("category_id", has_category,
                  [&] { return ReadRecordId(json, result.category_id); });
    }
    if (key == "score") {
      return take("score", has_score,
                  [&] { return ReadScore(json, result.score); });
    }
    if (key == "bbox") {
      return take("bbox", result.has_bbox, [&] {
        return ReadBbox(json, result.bbox, result.empty_bbox);
      });
    }
    if (key == "segmentation") {
      return take("segmentation", has_segmentation, [&] {
        result.has_segmentation = json.Peek() != Kind::kNull;
        return read_segmentation ? ReadSegmentation(json, result.segmentation)
                                 : json.Skip();
      });
    }
    return json.Skip();
  });
  if (!read && member != nullptr) {
    json.Explain(absl::StrCat(" (in \"", member, "\")"));
  }
  if (!read) return false;
  if (!has_image) return json.Fail("the detection has no \"image_id\"");
  if (!has_category) return json.Fail("the detection has no \"category_id\"");
  return has_score || json.Fail("the detection has no \"score\"");
}

// The position of the opening bracket.
absl::StatusOr<size_t> FindList(absl::string_view text,
                                absl::string_view path) {
  JsonScanner json(text);
  if (json.Peek() == Kind::kArray) return json.offset();
  json.Expected("a list of detections");
  return Within(path, json.status());
}

// What is wrong with the detections of a part.
struct PartFaults {
  struct Fault {
    int64_t index;  // in the part
    std::string what;
  };
  int64_t elements = 0, count = 0;
  std::vector<Fault> first;  // as many as are shown
};

// Passes over a bad detection, which is noted; false: it is no JSON.
bool PassOver(JsonScanner& json, const JsonScanner::Place& begin,
              int max_messages, PartFaults& faults) {
  const absl::Status error = json.status();
  json.GoBack(begin);
  if (!json.Skip()) {
    json.GoBack(begin);
    return json.FailWith(error);
  }
  if (faults.count++ < max_messages) {
    faults.first.push_back({faults.elements, std::string(error.message())});
  }
  return true;
}

// Reads elements into a sink.
ReadElement ElementReader(const ResultsOptions& options, ResultsSink* sink,
                          PartFaults* faults) {
  const auto result = std::make_shared<CocoResult>();
  // One bad detection is named even where none is to be shown.
  const int shown = std::max(options.max_messages, 1);
  return [=, read = options.read_segmentation](JsonScanner& json) {
    const JsonScanner::Place begin = json.place();
    const size_t at = json.offset();
    result->offset = at;
    bool good = ReadResult(json, read, *result);
    if (good) {
      const absl::Status added = sink->Add(*result);
      good = added.ok() || json.FailAt(at, added.message());
    }
    if (!good && !PassOver(json, begin, shown, *faults)) return false;
    ++faults->elements;
    return true;
  };
}

// Of the parts, one after another.
absl::Status FaultsError(absl::string_view path,
                         const std::vector<PartFaults>& parts,
                         int max_messages) {
  RecordLines lines;
  int64_t first = 0, count = 0;
  for (const PartFaults& part : parts) {
    for (const PartFaults::Fault& fault : part.first) {
      lines.Add(absl::StrCat(path, ": results[", first + fault.index,
                             "]: ", fault.what));
    }
    first += part.elements;
    count += part.count;
  }
  if (count == 0) return absl::OkStatus();
  if (count == 1) return absl::InvalidArgumentError(lines.lines[0]);
  lines.count = count;
  return absl::InvalidArgumentError(absl::StrCat(
      lines.ToText(max_messages), "\n", count, " bad detections in ", path));
}

}  // namespace

absl::Status ReadResultAt(absl::string_view text, absl::string_view path,
                          size_t offset, CocoResult& result) {
  JsonScanner json(text, offset);
  result.offset = offset;
  if (ReadResult(json, /*read_segmentation=*/true, result)) {
    return absl::OkStatus();
  }
  return Within(path, json.status());
}

absl::StatusOr<bool> ReadFirstResult(absl::string_view text,
                                     absl::string_view path,
                                     CocoResult& result) {
  ASSIGN_OR_RETURN(const size_t list, FindList(text, path));
  JsonScanner json(text, list + 1);
  if (json.Peek() == Kind::kNone && json.offset() < text.size() &&
      text[json.offset()] == ']') {
    return false;
  }
  if (ReadResult(json, /*read_segmentation=*/true, result)) return true;
  return Within(absl::StrCat(path, ": results[0]"), json.status());
}

absl::StatusOr<std::vector<std::unique_ptr<ResultsSink>>> ReadResults(
    absl::string_view text, absl::string_view path,
    const ResultsOptions& options, const MakeResultsSink& make_sink) {
  ASSIGN_OR_RETURN(const size_t list, FindList(text, path));
  std::vector<std::unique_ptr<ResultsSink>> sinks(
      static_cast<size_t>(std::max(options.parts, 1)));
  std::vector<PartFaults> faults(sinks.size());
  const absl::StatusOr<ArrayParts> parts =
      ReadArrayParts(text, list, options.parts, [&](size_t part) {
        sinks[part] = make_sink();
        faults[part] = PartFaults();
        return ElementReader(options, sinks[part].get(), &faults[part]);
      });
  if (!parts.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": results", parts.status().message()));
  }
  JsonScanner json(text, parts->end);
  if (!json.ReadEnd()) return Within(path, json.status());
  faults.resize(parts->parts);
  RETURN_IF_ERROR(FaultsError(path, faults, options.max_messages));
  sinks.resize(parts->parts);
  return sinks;
}

}  // namespace fcis::data
