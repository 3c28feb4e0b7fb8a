#include "fcis/data/loader/judgement.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/loader/training_set.h"

namespace fcis::data {
namespace {

constexpr size_t kShortestPolygon = 6;  // numbers of three points

// Chainer-fcis' "sanitize boxes using image shape".
Box ClipToPicture(Box box, const CocoPicture& picture) {
  box.x0 = std::max(box.x0, 0.0f);
  box.y0 = std::max(box.y0, 0.0f);
  box.x1 = std::min(box.x1, static_cast<float>(picture.width));
  box.y1 = std::min(box.y1, static_cast<float>(picture.height));
  return box;
}

bool IsEmpty(const Box& box) {
  // Written so that NaN counts as empty.
  return !(box.x0 <= box.x1 && box.y0 <= box.y1 && box.area() > 0);
}

// An evaluation refuses a polygon that training drops, and has no other size of
// the picture than its record's.
void JudgeForEvaluation(const CocoAnnotation& annotation,
                        const CocoPicture& picture, const CocoImage& record,
                        Judgement& judgement) {
  const bool measured =
      record.height != picture.height || record.width != picture.width;
  if (!measured &&
      !absl::c_linear_search(judgement.findings, Finding::kShortPolygon)) {
    return;
  }
  Segmentation parsed;
  if (!ParseSegmentation(annotation.segmentation, parsed).ok()) return;
  const auto mask = SegmentationToRle(parsed, record.height, record.width);
  if (mask.ok()) return;
  judgement.fault = absl::StrCat("\"segmentation\": ", mask.status().message(),
                                 " (an evaluation needs it)");
}

void JudgeShape(const CocoAnnotation& annotation, const CocoPicture& picture,
                Judgement& judgement) {
  int short_parts = 0;
  const absl::StatusOr<Rle> mask = DecodeSegmentation(
      annotation.segmentation, picture.height, picture.width, &short_parts);
  if (short_parts > 0) judgement.findings.push_back(Finding::kShortPolygon);
  if (!mask.ok()) {
    return judgement.LeaveOut(
        Finding::kBadMask,
        absl::StrCat("\"segmentation\": ", mask.status().message()));
  }
  if (!annotation.has_bbox) judgement.findings.push_back(Finding::kNoBox);
  judgement.object.box = ClipToPicture(
      BoxFromXywh(annotation.has_bbox ? annotation.bbox : RleToBbox(*mask)),
      picture);
  if (IsEmpty(judgement.object.box)) judgement.LeaveOut(Finding::kEmptyBox);
}

}  // namespace

absl::StatusOr<Rle> DecodeSegmentation(absl::string_view segmentation,
                                       int height, int width,
                                       int* short_parts) {
  Segmentation parsed;
  RETURN_IF_ERROR(ParseSegmentation(segmentation, parsed));
  if (parsed.kind == Segmentation::Kind::kPolygons) {
    auto& parts = parsed.polygons;
    const auto kept = std::remove_if(parts.begin(), parts.end(),
                                     [](const std::vector<double>& part) {
                                       return part.size() < kShortestPolygon;
                                     });
    if (short_parts != nullptr) {
      *short_parts += static_cast<int>(parts.end() - kept);
    }
    if (kept == parts.begin() && kept != parts.end()) {
      return absl::InvalidArgumentError(
          "no polygon has 3 points; expected [x0, y0, x1, y1, x2, y2, ...]");
    }
    parts.erase(kept, parts.end());
  }
  ASSIGN_OR_RETURN(Rle mask, SegmentationToRle(parsed, height, width));
  if (mask.height != height || mask.width != width) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a mask of ", mask.width, "x", mask.height,
        " (width x height) for a picture of ", width, "x", height));
  }
  return mask;
}

void JudgeAnnotation(const CocoAnnotation& annotation,
                     const CocoPicture& picture, const CocoImage& record,
                     const CocoNeeds& needs, Judgement& judgement) {
  const bool ignores = needs.ignore != MemberUse::kUnused;
  judgement.object.ignored =
      ignores && (annotation.crowd != 0 || annotation.ignore);
  if (annotation.crowd != 0) {
    judgement.findings.push_back(Finding::kCrowd);
  } else if (judgement.object.ignored) {
    judgement.findings.push_back(Finding::kIgnored);
  }
  if (annotation.crowd != 0 && !ignores) {
    judgement.picture = -1;
  } else if (picture.height == 0) {
    judgement.picture = -1;  // the picture is the fault
  } else {
    JudgeShape(annotation, picture, judgement);
    if (needs.evaluated_later && judgement.fault.empty()) {
      JudgeForEvaluation(annotation, picture, record, judgement);
    }
  }
}

}  // namespace fcis::data
