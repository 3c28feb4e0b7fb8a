#include "fcis/data/coco/segmentation.h"

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/data/coco/record_problems.h"

namespace fcis::data {
namespace {

bool ReadSize(JsonScanner& json, Segmentation& segmentation) {
  int numbers = 0;
  const bool read = json.ReadArray([&] {
    int64_t extra = 0;
    int64_t& value = numbers == 0   ? segmentation.height
                     : numbers == 1 ? segmentation.width
                                    : extra;
    ++numbers;
    return json.ReadInteger("a height or width", value);
  });
  if (read && numbers != 2) {
    return json.Fail("\"size\": expected [height, width]");
  }
  return read;
}

bool ReadRuns(JsonScanner& json, Segmentation& segmentation) {
  segmentation.kind = Segmentation::Kind::kRuns;
  segmentation.runs.clear();
  return json.ReadArray([&] {
    int64_t run = 0;
    if (!json.ReadInteger("the length of a run", run)) return false;
    if (run < 0 || run > std::numeric_limits<uint32_t>::max()) {
      return json.Fail("the length of a run is out of range");
    }
    segmentation.runs.push_back(static_cast<uint32_t>(run));
    return true;
  });
}

bool ReadRleObject(JsonScanner& json, Segmentation& segmentation) {
  bool has_size = false, has_counts = false;
  const bool read = json.ReadObject([&](absl::string_view key) {
    if (key == "size") {
      has_size = true;
      return ReadSize(json, segmentation);
    }
    if (key != "counts") return json.Skip();
    has_counts = true;
    if (json.Peek() == JsonScanner::Kind::kArray) {
      return ReadRuns(json, segmentation);
    }
    segmentation.kind = Segmentation::Kind::kCounts;
    return json.ReadString(segmentation.counts, segmentation.unescaped);
  });
  if (!read) return false;
  if (!has_size) return json.Fail("the segmentation has no \"size\"");
  if (!has_counts) return json.Fail("the segmentation has no \"counts\"");
  return true;
}

bool ReadPolygons(JsonScanner& json, Segmentation& segmentation) {
  segmentation.kind = Segmentation::Kind::kPolygons;
  auto& polygons = segmentation.polygons;
  size_t parts = 0;
  const bool read = json.ReadArray([&] {
    if (parts == polygons.size()) polygons.emplace_back();
    std::vector<double>& part = polygons[parts++];
    part.clear();
    return json.ReadNumbers(part);
  });
  polygons.resize(parts);
  return read;
}

}  // namespace

bool ReadSegmentation(JsonScanner& json, Segmentation& segmentation) {
  switch (json.Peek()) {
    case JsonScanner::Kind::kObject:
      return ReadRleObject(json, segmentation);
    case JsonScanner::Kind::kArray:
      return ReadPolygons(json, segmentation);
    case JsonScanner::Kind::kNull:
      segmentation.kind = Segmentation::Kind::kNone;
      return json.Skip();
    default:
      return json.Expected("a segmentation, a list of polygons or an RLE");
  }
}

absl::Status ParseSegmentation(absl::string_view text,
                               Segmentation& segmentation) {
  JsonScanner json(text);
  if (!text.empty() && ReadSegmentation(json, segmentation)) {
    return absl::OkStatus();
  }
  const std::string what =
      absl::StrCat("expected polygons or an RLE, found ", ShownValue(text));
  if (text.empty() || (text[0] != '[' && text[0] != '{')) {
    return absl::InvalidArgumentError(what);
  }
  // The place within the value says nothing to its user.
  const absl::string_view message = json.status().message();
  const size_t detail = message.find(": ") + 2;
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": ", message.substr(detail)));
}

absl::StatusOr<Rle> SegmentationToRle(const Segmentation& segmentation,
                                      int64_t image_height,
                                      int64_t image_width) {
  switch (segmentation.kind) {
    case Segmentation::Kind::kCounts:
      return ParseRleCounts(segmentation.height, segmentation.width,
                            segmentation.counts);
    case Segmentation::Kind::kRuns:
      return MakeRle(segmentation.height, segmentation.width,
                     segmentation.runs);
    case Segmentation::Kind::kPolygons: {
      if (image_height < 0 || image_width < 0) {
        return absl::InvalidArgumentError(
            "polygons need \"height\" and \"width\" of their picture");
      }
      ASSIGN_OR_RETURN(
          std::vector<Rle> parts,
          PolygonsToRles(segmentation.polygons, image_height, image_width));
      if (parts.size() == 1) return std::move(parts[0]);
      return MergeRles(parts, MergeMode::kUnion);
    }
    case Segmentation::Kind::kNone:
      break;
  }
  return absl::InvalidArgumentError("no segmentation");
}

}  // namespace fcis::data
