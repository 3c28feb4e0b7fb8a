#include "fcis/eval/mask_ops/mask_ops.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/utf8.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/data/coco/put_mask.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/json_writer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::eval {
namespace {

using data::JsonScanner;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>,
                                     rapidjson::UTF8<>, rapidjson::CrtAllocator,
                                     rapidjson::kWriteNanAndInfFlag>;

constexpr char kALength[] = "an integer from 0 on";

absl::Status Expected(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name, "\": expected ", what));
}

// The text of the member, of several of that name the last; empty: there is
// none.
absl::string_view FindMember(absl::string_view object, absl::string_view name) {
  JsonScanner json(object);
  absl::string_view found, other;
  json.ReadObject([&](absl::string_view key) {
    return json.Skip(key == name ? found : other);
  });
  return found;
}

// read(json, value) reads the member; it is false where that is not `what`.
template <typename Value, typename Read>
absl::StatusOr<Value> ReadMember(absl::string_view object,
                                 absl::string_view name, absl::string_view what,
                                 Read read) {
  const absl::string_view text = FindMember(object, name);
  if (text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an object with \"", name, "\""));
  }
  JsonScanner json(text);
  Value value{};
  if (!read(json, value)) return Expected(name, what);
  return value;
}

// The text of a value of that kind.
template <JsonScanner::Kind kind>
bool ReadTextOf(JsonScanner& json, absl::string_view& text) {
  return json.Peek() == kind && json.Skip(text);
}

// The same of a member that is a list, whose elements are `what`.
template <typename Value, typename Read>
absl::StatusOr<std::vector<Value>> ReadList(absl::string_view object,
                                            absl::string_view name,
                                            absl::string_view what, Read read) {
  ASSIGN_OR_RETURN(
      const absl::string_view text,
      ReadMember<absl::string_view>(object, name, "a list",
                                    ReadTextOf<JsonScanner::Kind::kArray>));
  JsonScanner json(text);
  std::vector<Value> list;
  const bool all = json.ReadArray([&] {
    list.emplace_back();
    return std::invoke(read, json, list.back());
  });
  if (all) return list;
  return Expected(absl::StrCat(name, "[", list.size() - 1, "]"), what);
}

// 0 to 255, false or true.
bool ReadByte(JsonScanner& json, uint8_t& byte) {
  double value = 0;
  if (!data::ReadFlag(json, value) || !(value >= 0 && value <= 255)) {
    return false;
  }
  byte = static_cast<uint8_t>(value);
  return byte == value;
}

bool ReadRun(JsonScanner& json, uint32_t& run) {
  int64_t length = 0;
  const bool read = data::ReadLength(json, length) &&
                    length <= std::numeric_limits<uint32_t>::max();
  run = static_cast<uint32_t>(length);
  return read;
}

absl::StatusOr<std::vector<XywhBox>> ReadBoxes(absl::string_view in,
                                               absl::string_view name) {
  return ReadList<XywhBox>(in, name, "[x, y, width, height]",
                           [](JsonScanner& json, XywhBox& box) {
                             bool empty = false;
                             return data::ReadBbox(json, box, empty) && !empty;
                           });
}

// {"size", "counts"}, the counts compressed (a string) or not (a list).
absl::StatusOr<Rle> ReadRle(absl::string_view object,
                            absl::string_view where = "\"in\"") {
  JsonScanner json(object);
  data::Segmentation mask;
  if (!data::ReadSegmentation(json, mask)) return Within(where, json.status());
  return Within(where, data::SegmentationToRle(mask, -1, -1));
}

absl::StatusOr<std::vector<Rle>> ReadRles(absl::string_view in,
                                          absl::string_view name) {
  ASSIGN_OR_RETURN(
      const std::vector<absl::string_view> objects,
      ReadList<absl::string_view>(in, name, "an object with \"size\"",
                                  ReadTextOf<JsonScanner::Kind::kObject>));
  std::vector<Rle> rles;
  for (const absl::string_view object : objects) {
    ASSIGN_OR_RETURN(
        Rle rle,
        ReadRle(object, absl::StrCat("\"", name, "[", rles.size(), "]\"")));
    rles.push_back(std::move(rle));
  }
  return rles;
}

// The member "iou": iou(d, t) of all pairs. As pycocotools answers: [] when
// either side is empty.
template <typename PairIou>
void PutMatrix(size_t detections, size_t truths, JsonWriter& out, PairIou iou) {
  out.Key("iou");
  out.StartArray();
  for (size_t d = 0; d < detections && truths > 0; ++d) {
    out.StartArray();
    // Not by PutJson: pycocotools answers NaN and Infinity.
    for (size_t t = 0; t < truths; ++t) out.Double(iou(d, t));
    out.EndArray();
  }
  out.EndArray();
}

struct MaskSize {
  int64_t height, width;
};

absl::StatusOr<MaskSize> ReadHeightWidth(absl::string_view in) {
  ASSIGN_OR_RETURN(const int64_t height,
                   ReadMember<int64_t>(in, "h", kALength, data::ReadLength));
  ASSIGN_OR_RETURN(const int64_t width,
                   ReadMember<int64_t>(in, "w", kALength, data::ReadLength));
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  return MaskSize{height, width};
}

absl::Status FrPoly(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadHeightWidth(in));
  ASSIGN_OR_RETURN(
      const std::vector<std::vector<double>> polygons,
      ReadList<std::vector<double>>(in, "polys", "a list of numbers",
                                    &JsonScanner::ReadNumbers));
  ASSIGN_OR_RETURN(const std::vector<Rle> rles,
                   PolygonsToRles(polygons, size.height, size.width));
  const Rle merged = MergeRles(rles, MergeMode::kUnion);
  data::PutArray("rles", rles, out, [&](const Rle& rle) {
    data::PutJson(RleCountsToString(rle.counts), out);
  });
  data::PutMember("merged", RleCountsToString(merged.counts), out);
  data::PutMember("area", RleArea(merged), out);
  data::PutBox(RleToBbox(merged), out);
  return absl::OkStatus();
}

absl::Status FrBbox(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadHeightWidth(in));
  ASSIGN_OR_RETURN(const std::vector<XywhBox> boxes, ReadBoxes(in, "boxes"));
  std::vector<std::string> counts;
  for (const XywhBox& box : boxes) {
    ASSIGN_OR_RETURN(const Rle rle, BoxToRle(box, size.height, size.width));
    counts.push_back(RleCountsToString(rle.counts));
  }
  data::PutArray("rles", counts, out);
  return absl::OkStatus();
}

// Rows of '0' and '1'.
absl::StatusOr<Rle> EncodeRows(const std::vector<std::string>& rows,
                               const MaskSize& size) {
  std::string mask;
  for (const std::string& row : rows) {
    if (static_cast<int64_t>(row.size()) != size.width ||
        row.find_first_not_of("01") != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"rows\": expected strings of ", size.width, " digits 0 or 1"));
    }
    mask += row;
  }
  for (char& pixel : mask) pixel -= '0';
  return EncodeRowMajor(reinterpret_cast<const uint8_t*>(mask.data()),
                        static_cast<int>(size.height),
                        static_cast<int>(size.width));
}

absl::Status Encode(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadHeightWidth(in));
  ASSIGN_OR_RETURN(
      const std::vector<std::string> rows,
      ReadList<std::string>(in, "rows", "a string", data::ReadText));
  if (static_cast<int64_t>(rows.size()) != size.height) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"rows\": ", rows.size(), " strings, expected ", size.height));
  }
  ASSIGN_OR_RETURN(const Rle rle, EncodeRows(rows, size));
  data::PutMember("counts", RleCountsToString(rle.counts), out);
  data::PutArray("runs", rle.counts, out);
  data::PutMember("area", RleArea(rle), out);
  data::PutBox(RleToBbox(rle), out);
  return absl::OkStatus();
}

absl::Status Decode(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  const int64_t pixels = int64_t{rle.height} * rle.width;
  // Empty rows take memory, too.
  if (std::max<int64_t>(pixels, rle.height) > kMaxBitmapPixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        "mask of ", rle.height, "x", rle.width, " pixels: expected at most ",
        kMaxBitmapPixels, " pixels or rows to decode"));
  }
  std::string mask(static_cast<size_t>(pixels), '\0');
  RETURN_IF_ERROR(DecodeRowMajor(
      rle, absl::MakeSpan(reinterpret_cast<uint8_t*>(&mask[0]), mask.size())));
  for (char& pixel : mask) pixel += '0';
  out.Key("rows");
  out.StartArray();
  const size_t width = static_cast<size_t>(rle.width);
  for (size_t y = 0; y < static_cast<size_t>(rle.height); ++y) {
    data::PutJson(absl::string_view(mask).substr(y * width, width), out);
  }
  out.EndArray();
  return absl::OkStatus();
}

absl::Status FromRuns(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> size,
                   ReadList<int64_t>(in, "size", kALength, data::ReadLength));
  if (size.size() != 2) return Expected("size", "[height, width]");
  ASSIGN_OR_RETURN(
      std::vector<uint32_t> runs,
      ReadList<uint32_t>(in, "runs", "an integer from 0 to 2^32 - 1", ReadRun));
  ASSIGN_OR_RETURN(const Rle rle, MakeRle(size[0], size[1], std::move(runs)));
  data::PutMember("counts", RleCountsToString(rle.counts), out);
  data::PutMember("area", RleArea(rle), out);
  data::PutBox(RleToBbox(rle), out);
  return absl::OkStatus();
}

absl::Status ToRuns(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  data::PutArray("runs", rle.counts, out);
  data::PutMember("area", RleArea(rle), out);
  data::PutBox(RleToBbox(rle), out);
  return absl::OkStatus();
}

absl::Status Area(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  data::PutMember("area", RleArea(rle), out);
  return absl::OkStatus();
}

absl::Status ToBbox(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  data::PutBox(RleToBbox(rle), out);
  return absl::OkStatus();
}

absl::Status Merge(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<Rle> rles, ReadRles(in, "rles"));
  MergeMode mode = MergeMode::kUnion;
  if (!FindMember(in, "intersect").empty()) {
    ASSIGN_OR_RETURN(const uint8_t intersect,
                     ReadMember<uint8_t>(in, "intersect", "0 or 1", ReadByte));
    if (intersect != 0) mode = MergeMode::kIntersection;
  }
  const Rle merged = MergeRles(rles, mode);
  data::PutArray("size", std::array<int, 2>{merged.height, merged.width}, out);
  data::PutMember("counts", RleCountsToString(merged.counts), out);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> ReadCrowd(absl::string_view in,
                                               size_t truths) {
  ASSIGN_OR_RETURN(std::vector<uint8_t> crowd,
                   ReadList<uint8_t>(in, "iscrowd", "0 to 255", ReadByte));
  if (crowd.size() == truths) return crowd;
  return absl::InvalidArgumentError(absl::StrCat("\"iscrowd\": ", crowd.size(),
                                                 " flags, expected ", truths,
                                                 " as in \"gt\""));
}

absl::Status Iou(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<Rle> detections, ReadRles(in, "dt"));
  ASSIGN_OR_RETURN(const std::vector<Rle> truths, ReadRles(in, "gt"));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> crowd,
                   ReadCrowd(in, truths.size()));
  std::vector<XywhBox> detection_boxes(detections.size());
  std::vector<XywhBox> truth_boxes(truths.size());
  std::transform(detections.begin(), detections.end(), detection_boxes.begin(),
                 RleToBbox);
  std::transform(truths.begin(), truths.end(), truth_boxes.begin(), RleToBbox);
  PutMatrix(detections.size(), truths.size(), out, [&](size_t d, size_t t) {
    return MaskIou(detections[d], detection_boxes[d], truths[t], truth_boxes[t],
                   crowd[t] != 0);
  });
  return absl::OkStatus();
}

absl::Status BbIou(absl::string_view in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<XywhBox> detections, ReadBoxes(in, "dt"));
  ASSIGN_OR_RETURN(const std::vector<XywhBox> truths, ReadBoxes(in, "gt"));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> crowd,
                   ReadCrowd(in, truths.size()));
  PutMatrix(detections.size(), truths.size(), out, [&](size_t d, size_t t) {
    return BoxIou(detections[d], truths[t], crowd[t] != 0);
  });
  return absl::OkStatus();
}

struct MaskOp {
  const char* name;
  // Writes the members of "out", or nothing where it fails.
  absl::Status (*run)(absl::string_view in, JsonWriter& out);
};

constexpr MaskOp kMaskOps[] = {
    {"frPoly", FrPoly}, {"frBbox", FrBbox},     {"encode", Encode},
    {"decode", Decode}, {"fromRuns", FromRuns}, {"toRuns", ToRuns},
    {"area", Area},     {"toBbox", ToBbox},     {"merge", Merge},
    {"iou", Iou},       {"bbIou", BbIou}};

absl::Status RunMaskOp(absl::string_view request, JsonWriter& out) {
  ASSIGN_OR_RETURN(
      const std::string op,
      ReadMember<std::string>(request, "op", "a string", data::ReadText));
  ASSIGN_OR_RETURN(
      const absl::string_view in,
      ReadMember<absl::string_view>(request, "in", "an object",
                                    ReadTextOf<JsonScanner::Kind::kObject>));
  std::string names;
  for (const MaskOp& known : kMaskOps) {
    if (op == known.name) return known.run(in, out);
    absl::StrAppend(&names, names.empty() ? "" : ", ", known.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"op\": ", op, ", expected one of ", names));
}

// The object of the request's "id" and what put(json) writes. Lists and objects
// are no ids: the answer has null.
template <typename Put>
std::string AnswerTo(absl::string_view request, const Put& put) {
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  data::PutObject(json, [&] {
    absl::string_view id = FindMember(request, "id");
    if (id.empty() || id[0] == '[' || id[0] == '{') id = "null";
    json.Key("id");
    json.RawValue(id.data(), id.size(), {});
    put(json);
  });
  return {buffer.GetString(), buffer.GetSize()};
}

std::string ErrorAnswer(absl::string_view request, absl::string_view message) {
  return AnswerTo(request, [&](JsonWriter& json) {
    data::PutMember("error", message, json);
  });
}

}  // namespace

const char kMaskOpsHelp[] =
    "frPoly {h, w, polys} -> {rles, merged, area, bbox}\n"
    "frBbox {h, w, boxes} -> {rles}\n"
    "encode {h, w, rows} -> {counts, runs, area, bbox}\n"
    "decode {size, counts} -> {rows}\n"
    "fromRuns {size, runs} -> {counts, area, bbox}\n"
    "toRuns {size, counts} -> {runs, area, bbox}\n"
    "area {size, counts} -> {area}\n"
    "toBbox {size, counts} -> {bbox}\n"
    "merge {rles, intersect} -> {size, counts}\n"
    "iou {dt, gt, iscrowd} -> {iou} of masks\n"
    "bbIou {dt, gt, iscrowd} -> {iou} of boxes\n";

std::string AnswerMaskOp(absl::string_view line, int64_t line_number) {
  absl::ConsumePrefix(&line, kUtf8Mark);
  JsonScanner json(line);
  const bool sound = IsUtf8(line) ? json.Skip() && json.ReadEnd()
                                  : json.Fail("the line is not UTF-8");
  if (!sound) {
    return ErrorAnswer(
        "", absl::StrCat("line ", line_number, ": malformed JSON at ",
                         json.status().message()));
  }
  absl::Status status;
  std::string answer = AnswerTo(line, [&](JsonWriter& writer) {
    data::PutObject("out", writer, [&] { status = RunMaskOp(line, writer); });
  });
  if (!status.ok()) return ErrorAnswer(line, status.message());
  return answer;
}

absl::Status AnswerMaskOps(std::FILE* in, std::FILE* out) {
  char* line = nullptr;
  size_t capacity = 0;
  const auto free_line = absl::MakeCleanup([&] { std::free(line); });
  for (int64_t number = 1;; ++number) {
    errno = 0;
    const ssize_t length = getline(&line, &capacity, in);
    if (length < 0) {
      if (std::feof(in) && !std::ferror(in)) return absl::OkStatus();
      return absl::DataLossError(
          absl::StrCat("input, line ", number, ": ", std::strerror(errno)));
    }
    const absl::string_view text(line, static_cast<size_t>(length));
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    const std::string answer = AnswerMaskOp(text, number) + "\n";
    if (std::fwrite(answer.data(), 1, answer.size(), out) != answer.size() ||
        std::fflush(out) != 0) {
      return absl::DataLossError(
          absl::StrCat("output, line ", number, ": ", std::strerror(errno)));
    }
  }
}

}  // namespace fcis::eval
