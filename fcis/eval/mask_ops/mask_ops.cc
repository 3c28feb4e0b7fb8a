#include "fcis/eval/mask_ops/mask_ops.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/eval/mask_ops/mask_json.h"

namespace fcis::eval {
namespace {

void WriteCounts(const char* name, const Rle& rle, JsonWriter& out) {
  out.Key(name);
  WriteString(RleCountsToString(rle.counts), out);
}

void WriteRuns(const Rle& rle, JsonWriter& out) {
  out.Key("runs");
  out.StartArray();
  for (const uint32_t count : rle.counts) out.Uint(count);
  out.EndArray();
}

void WriteArea(const Rle& rle, JsonWriter& out) {
  out.Key("area");
  out.Uint(RleArea(rle));
}

void WriteBbox(const Rle& rle, JsonWriter& out) {
  out.Key("bbox");
  WriteBox(RleToBbox(rle), out);
}

void WriteAllCounts(const std::vector<Rle>& rles, JsonWriter& out) {
  out.Key("rles");
  out.StartArray();
  for (const Rle& rle : rles) WriteString(RleCountsToString(rle.counts), out);
  out.EndArray();
}

// As pycocotools answers: [] when either side is empty.
void WriteMatrix(const std::vector<double>& values, size_t columns,
                 JsonWriter& out) {
  out.Key("iou");
  out.StartArray();
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % columns == 0) out.StartArray();
    out.Double(values[i]);
    if (i % columns == columns - 1) out.EndArray();
  }
  out.EndArray();
}

absl::StatusOr<MaskSize> ReadHeightWidth(const Json& in) {
  ASSIGN_OR_RETURN(const int64_t height, ReadInteger(in, "h"));
  ASSIGN_OR_RETURN(const int64_t width, ReadInteger(in, "w"));
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  return MaskSize{height, width};
}

absl::Status FrPoly(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadHeightWidth(in));
  ASSIGN_OR_RETURN(const std::vector<std::vector<double>> polygons,
                   ReadNumberLists(in, "polys"));
  ASSIGN_OR_RETURN(const std::vector<Rle> rles,
                   PolygonsToRles(polygons, size.height, size.width));
  const Rle merged = MergeRles(rles, MergeMode::kUnion);
  WriteAllCounts(rles, out);
  WriteCounts("merged", merged, out);
  WriteArea(merged, out);
  WriteBbox(merged, out);
  return absl::OkStatus();
}

absl::Status FrBbox(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadHeightWidth(in));
  ASSIGN_OR_RETURN(const std::vector<XywhBox> boxes, ReadBoxes(in, "boxes"));
  std::vector<Rle> rles;
  for (const XywhBox& box : boxes) {
    ASSIGN_OR_RETURN(Rle rle, BoxToRle(box, size.height, size.width));
    rles.push_back(std::move(rle));
  }
  WriteAllCounts(rles, out);
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

absl::Status Encode(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadHeightWidth(in));
  ASSIGN_OR_RETURN(const std::vector<std::string> rows,
                   ReadStrings(in, "rows"));
  if (static_cast<int64_t>(rows.size()) != size.height) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"rows\": ", rows.size(), " strings, expected ", size.height));
  }
  ASSIGN_OR_RETURN(const Rle rle, EncodeRows(rows, size));
  WriteCounts("counts", rle, out);
  WriteRuns(rle, out);
  WriteArea(rle, out);
  WriteBbox(rle, out);
  return absl::OkStatus();
}

absl::Status Decode(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  const int64_t pixels = int64_t{rle.height} * rle.width;
  if (pixels > kMaxBitmapPixels) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask of ", pixels, " pixels: expected at most ",
                     kMaxBitmapPixels, " to decode"));
  }
  std::string mask(static_cast<size_t>(pixels), '\0');
  RETURN_IF_ERROR(DecodeRowMajor(
      rle, absl::MakeSpan(reinterpret_cast<uint8_t*>(&mask[0]), mask.size())));
  for (char& pixel : mask) pixel += '0';
  out.Key("rows");
  out.StartArray();
  const size_t width = static_cast<size_t>(rle.width);
  for (size_t y = 0; y < static_cast<size_t>(rle.height); ++y) {
    WriteString(absl::string_view(mask).substr(y * width, width), out);
  }
  out.EndArray();
  return absl::OkStatus();
}

absl::Status FromRuns(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const MaskSize size, ReadSize(in));
  ASSIGN_OR_RETURN(std::vector<uint32_t> runs, ReadRuns(in, "runs"));
  ASSIGN_OR_RETURN(const Rle rle,
                   MakeRle(size.height, size.width, std::move(runs)));
  WriteCounts("counts", rle, out);
  WriteArea(rle, out);
  WriteBbox(rle, out);
  return absl::OkStatus();
}

absl::Status ToRuns(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  WriteRuns(rle, out);
  WriteArea(rle, out);
  WriteBbox(rle, out);
  return absl::OkStatus();
}

absl::Status Area(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  WriteArea(rle, out);
  return absl::OkStatus();
}

absl::Status ToBbox(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Rle rle, ReadRle(in));
  WriteBbox(rle, out);
  return absl::OkStatus();
}

absl::Status Merge(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<Rle> rles, ReadRles(in, "rles"));
  MergeMode mode = MergeMode::kUnion;
  if (const Json* intersect = FindMember(in, "intersect")) {
    if (!intersect->IsBool() && !intersect->IsInt()) {
      return absl::InvalidArgumentError("\"intersect\": expected 0 or 1");
    }
    const bool set =
        intersect->IsBool() ? intersect->GetBool() : intersect->GetInt() != 0;
    if (set) mode = MergeMode::kIntersection;
  }
  const Rle merged = MergeRles(rles, mode);
  out.Key("size");
  out.StartArray();
  out.Int(merged.height);
  out.Int(merged.width);
  out.EndArray();
  WriteCounts("counts", merged, out);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> ReadCrowd(const Json& in, size_t truths) {
  ASSIGN_OR_RETURN(std::vector<uint8_t> crowd, ReadFlags(in, "iscrowd"));
  if (crowd.size() == truths) return crowd;
  return absl::InvalidArgumentError(absl::StrCat("\"iscrowd\": ", crowd.size(),
                                                 " flags, expected ", truths,
                                                 " as in \"gt\""));
}

absl::Status Iou(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<Rle> detections, ReadRles(in, "dt"));
  ASSIGN_OR_RETURN(const std::vector<Rle> truths, ReadRles(in, "gt"));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> crowd,
                   ReadCrowd(in, truths.size()));
  WriteMatrix(MaskIous(detections, truths, crowd), truths.size(), out);
  return absl::OkStatus();
}

absl::Status BbIou(const Json& in, JsonWriter& out) {
  ASSIGN_OR_RETURN(const std::vector<XywhBox> detections, ReadBoxes(in, "dt"));
  ASSIGN_OR_RETURN(const std::vector<XywhBox> truths, ReadBoxes(in, "gt"));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> crowd,
                   ReadCrowd(in, truths.size()));
  WriteMatrix(BoxIous(detections, truths, crowd), truths.size(), out);
  return absl::OkStatus();
}

struct MaskOp {
  const char* name;
  // Writes the members of "out".
  absl::Status (*run)(const Json& in, JsonWriter& out);
};

constexpr MaskOp kMaskOps[] = {
    {"frPoly", FrPoly}, {"frBbox", FrBbox},     {"encode", Encode},
    {"decode", Decode}, {"fromRuns", FromRuns}, {"toRuns", ToRuns},
    {"area", Area},     {"toBbox", ToBbox},     {"merge", Merge},
    {"iou", Iou},       {"bbIou", BbIou}};

absl::Status RunMaskOp(const Json& request, JsonWriter& out) {
  ASSIGN_OR_RETURN(const Json* op, ReadMember(request, "op"));
  ASSIGN_OR_RETURN(const Json* in, ReadMember(request, "in"));
  if (!op->IsString()) {
    return absl::InvalidArgumentError("\"op\": expected a string");
  }
  if (!in->IsObject()) {
    return absl::InvalidArgumentError("\"in\": expected an object");
  }
  std::string names;
  for (const MaskOp& known : kMaskOps) {
    if (std::strcmp(op->GetString(), known.name) == 0) {
      return known.run(*in, out);
    }
    absl::StrAppend(&names, names.empty() ? "" : ", ", known.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"op\": ", op->GetString(), ", expected one of ", names));
}

// Lists and objects are no ids: the answer has null.
void WriteId(const Json& request, JsonWriter& writer) {
  writer.Key("id");
  const Json* id = request.IsObject() ? FindMember(request, "id") : nullptr;
  if (id == nullptr || id->IsArray() || id->IsObject()) {
    writer.Null();
  } else {
    id->Accept(writer);
  }
}

std::string ErrorAnswer(const Json& request, absl::string_view message) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  WriteId(request, writer);
  writer.Key("error");
  WriteString(message, writer);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
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
  rapidjson::Document request;
  absl::Status status = ParseJson(line, request);
  if (!status.ok()) {
    return ErrorAnswer(
        Json(), absl::StrCat("line ", line_number, ": ", status.message()));
  }
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  WriteId(request, writer);
  writer.Key("out");
  writer.StartObject();
  status = RunMaskOp(request, writer);
  if (!status.ok()) return ErrorAnswer(request, status.message());
  writer.EndObject();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
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
