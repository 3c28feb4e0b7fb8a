#include "fcis/eval/coco/overlap_sink.h"

#include <algorithm>
#include <cmath>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"

namespace fcis::eval {

DetectionSizes SizesOf(const Detections& detections) {
  return {detections.list.size(), detections.overlaps.size(),
          detections.traces.size(), detections.touches.size()};
}

OverlapStore::OverlapStore(const EvalOptions& options)
    : mask(options.iou_type,
           options.explain
               ? std::min(LowestMatchThreshold(options), kBackgroundIou)
               : LowestMatchThreshold(options)) {}

// A file may be larger than the memory: what has been read is not needed again.
void OverlapSink::DropBefore(size_t offset) {
  constexpr size_t kPiece = size_t{1} << 20;
  if (!kept_from_.has_value()) kept_from_ = offset;
  if (offset - *kept_from_ < kPiece) return;
  file_.Drop(file_.bytes().substr(*kept_from_, offset - *kept_from_));
  kept_from_ = offset;
}

absl::Status OverlapSink::FindImage(const data::RecordId& id) {
  if (has_image_ && image_id_ == id) return absl::OkStatus();
  image_ = truth_.FindImage(id);
  has_image_ = image_.known;
  if (!has_image_) {
    return absl::InvalidArgumentError(
        absl::StrCat("image_id ", id.ToString(), " is not in ",
                     truth_.dataset().path, truth_.NoteOnImage(id)));
  }
  image_id_ = id;
  if (sources_.masks && image_.evaluated >= 0) {
    for (const TruthObject& object : truth_.ObjectsIn(image_.evaluated)) {
      __builtin_prefetch(object.mask.counts.data());
    }
  }
  return absl::OkStatus();
}

absl::Status OverlapSink::TakeBox(const data::CocoResult& result) {
  if (sources_.boxes && (!result.has_bbox || result.empty_bbox)) {
    return absl::InvalidArgumentError(
        "no \"bbox\", though the first detection has one");
  }
  box_ = result.bbox;
  return absl::OkStatus();
}

// Counts those whose mask is missing and may not be drawn: an error in the end.
bool OverlapSink::LacksMask(const data::CocoResult& result) {
  if (!sources_.masks || sources_.draw || result.has_segmentation) return false;
  DetectionCounts& counts = counts_;
  if (counts.without_mask++ == 0) counts.first_without_mask = counts.total - 1;
  return true;
}

// As pycocotools: the polygon of the corners.
absl::StatusOr<Rle> OverlapSink::DrawBox() const {
  const data::CocoImage& image =
      truth_.dataset().images[static_cast<size_t>(image_.index)];
  if (image.height < 0 || image.width < 0) {
    return absl::InvalidArgumentError(
        "a mask drawn from \"bbox\" needs the picture's \"height\" and "
        "\"width\"");
  }
  return BoxToRle(box_, image.height, image.width);
}

absl::Status OverlapSink::TakeMask(const data::CocoResult& result) {
  Rle& mask = store_.mask.Renew();
  if (!result.has_segmentation) {
    ASSIGN_OR_RETURN(mask, DrawBox());
  } else if (result.segmentation.kind == data::Segmentation::Kind::kCounts) {
    const data::Segmentation& segmentation = result.segmentation;
    RETURN_IF_ERROR(CheckMaskSize(segmentation.height, segmentation.width));
    mask.height = static_cast<int>(segmentation.height);
    mask.width = static_cast<int>(segmentation.width);
    RunSums sums;
    RETURN_IF_ERROR(ParseRleCounts(mask.height, mask.width, segmentation.counts,
                                   mask.counts, &sums));
    store_.mask.SetSums(sums);
  } else {
    const data::CocoImage& image =
        truth_.dataset().images[static_cast<size_t>(image_.index)];
    ASSIGN_OR_RETURN(mask, data::SegmentationToRle(result.segmentation,
                                                   image.height, image.width));
  }
  return absl::OkStatus();
}

void OverlapSink::Count(const data::CocoResult& result) {
  DetectionCounts& counts = counts_;
  const data::CocoImage& image =
      truth_.dataset().images[static_cast<size_t>(image_.index)];
  counts.duplicate_keys += result.duplicate_key;
  counts.score_out_of_range += result.score < 0 || result.score > 1;
  if (sources_.masks && image.height >= 0 && image.width >= 0) {
    const bool other = store_.mask.rle().height != image.height ||
                       store_.mask.rle().width != image.width;
    if (other && counts.other_size++ == 0) {
      counts.first_other_size = counts.total - 1;
    }
  }
  if (!result.has_bbox || result.empty_bbox) return;
  ++counts.boxes;
  const XywhBox& box = result.bbox;
  counts.corner_like += box.width >= box.x && box.height >= box.y;
  counts.relative_like += box.x + box.width <= 1 && box.y + box.height <= 1;
  if (image.height < 0 || image.width < 0) return;
  counts.leaving += box.x + box.width > static_cast<double>(image.width) + 1 ||
                    box.y + box.height > static_cast<double>(image.height) + 1;
}

absl::Status OverlapSink::Add(const data::CocoResult& result) {
  DropBefore(result.offset);
  ++counts_.total;
  RETURN_IF_ERROR(FindImage(result.image_id));
  RETURN_IF_ERROR(TakeBox(result));
  if (LacksMask(result)) return absl::OkStatus();
  if (sources_.masks) RETURN_IF_ERROR(TakeMask(result));
  Count(result);

  ScoredDetection detection;
  detection.category = truth_.FindCategory(result.category_id);
  detection.image = image_.evaluated;
  if (detection.category < 0 || detection.image < 0) {
    if (truth_.CategoryIndex(result.category_id) >= 0) {
      ++counts_.other_image;
    } else if (counts_.unlisted_category++ == 0) {
      counts_.first_unlisted = result.category_id;
    }
    return absl::OkStatus();
  }
  detection.score = result.score;
  detection.area =
      sources_.mask_areas ? store_.mask.area() : box_.width * box_.height;
  if (!sources_.boxes && (!result.has_bbox || result.empty_bbox) &&
      options_.iou_type == IouType::kBbox) {
    box_ = store_.mask.box();
  }
  Compare(result,
          truth_.Cell(detection.image, truth_.ClassOf(detection.category)),
          detection);
  store_.detections.list.push_back(detection);
  ++size_.list;
  size_.overlaps += detection.num_overlaps;
  return absl::OkStatus();
}

// With the objects of its cell, and for an explanation with all of its picture.
void OverlapSink::Compare(const data::CocoResult& result,
                          absl::Span<const TruthObject> cell,
                          ScoredDetection& detection) {
  const auto size = [](const std::vector<Overlap>& overlaps) {
    return static_cast<uint32_t>(overlaps.size());
  };
  const absl::Span<const TruthObject> all =
      options_.explain ? truth_.ObjectsIn(detection.image) : cell;
  Measure(all);
  std::vector<Overlap>& overlaps = store_.detections.overlaps;
  detection.first_overlap = size(overlaps);
  if (!cell.empty()) {
    const auto at = static_cast<size_t>(cell.data() - all.data());
    AppendReached(absl::MakeConstSpan(store_.ious).subspan(at, cell.size()),
                  truth_.Position(cell), lowest_, overlaps);
  }
  detection.num_overlaps = size(overlaps) - detection.first_overlap;
  if (!options_.explain) return;
  std::vector<Overlap>& touches = store_.detections.touches;
  DetectionTrace trace;
  trace.offset = result.offset;
  trace.first_touch = size(touches);
  if (!all.empty()) {
    AppendReached(store_.ious, truth_.Position(all), kBackgroundIou, touches);
  }
  trace.num_touches = size(touches) - trace.first_touch;
  store_.detections.traces.push_back(trace);
  ++size_.traces;
  size_.touches += trace.num_touches;
}

void OverlapSink::Measure(absl::Span<const TruthObject> objects) {
  store_.ious.clear();
  for (const TruthObject& object : objects) {
    store_.ious.push_back(options_.iou_type == IouType::kBbox
                              ? BoxIou(box_, object.box, object.crowd)
                              : store_.mask.Iou(object));
  }
}

// `first`: the object of the first IoU. Where one is not a number, as of a box
// that is none, all are appended: COCOeval lets a NaN match, and everything
// behind it.
void OverlapSink::AppendReached(absl::Span<const double> ious, int64_t first,
                                double lowest,
                                std::vector<Overlap>& overlaps) const {
  const bool has_nan =
      absl::c_any_of(ious, [](double iou) { return std::isnan(iou); });
  for (size_t i = 0; i < ious.size(); ++i) {
    if (!has_nan && ious[i] < lowest) continue;
    overlaps.push_back(
        {static_cast<uint32_t>(first + static_cast<int64_t>(i)), ious[i]});
  }
}

}  // namespace fcis::eval
