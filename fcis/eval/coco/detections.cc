#include "fcis/eval/coco/detections.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/thread_team.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/eval/coco/compared_mask.h"

namespace fcis::eval {
namespace {

// Where a detection's area, box and mask come from. pycocotools decides by the
// first of the list.
struct Sources {
  bool boxes = false;  // area = width * height
  bool masks = false;  // masks are needed, for IoU, area or box
  bool draw = false;   // missing masks are drawn from boxes
  bool mask_areas = false;
};

absl::StatusOr<Sources> ChooseSources(const data::CocoResult& first,
                                      absl::string_view path,
                                      const EvalOptions& options) {
  Sources sources;
  const bool compares_masks = options.iou_type != IouType::kBbox;
  sources.boxes = first.has_bbox && !first.empty_bbox;
  if (!sources.boxes && !first.has_segmentation) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": results[0]: neither \"bbox\" nor "
                     "\"segmentation\""));
  }
  sources.masks = compares_masks || !sources.boxes;
  sources.draw = sources.boxes && options.boxes_as_masks;
  sources.mask_areas = !sources.boxes || (compares_masks && options.sane);
  return sources;
}

class OverlapSink : public data::ResultsSink {
 public:
  // `mask` is for one sink at a time, but for no longer.
  OverlapSink(const MappedFile& file, const GroundTruth& truth,
              const EvalOptions& options, const Sources& sources,
              ComparedMask* mask)
      : file_(file),
        truth_(truth),
        options_(options),
        sources_(sources),
        lowest_(LowestMatchThreshold(options)),
        mask_(*mask) {
    detections_.box_areas = sources.boxes && !sources.mask_areas &&
                            options.iou_type != IouType::kBbox;
  }

  absl::Status Add(const data::CocoResult& result) override;
  Detections& detections() { return detections_; }

 private:
  void DropBefore(size_t offset);
  absl::Status FindImage(const data::RecordId& id);
  absl::Status TakeBox(const data::CocoResult& result);
  bool LacksMask(const data::CocoResult& result);
  absl::Status TakeMask(const data::CocoResult& result);
  absl::StatusOr<Rle> DrawBox() const;
  void Compare(const data::CocoResult& result,
               absl::Span<const TruthObject> cell, ScoredDetection& detection);
  void Measure(absl::Span<const TruthObject> objects);
  void AppendReached(absl::Span<const double> ious, int64_t first,
                     double lowest, std::vector<Overlap>& overlaps) const;
  void Count(const data::CocoResult& result);

  const MappedFile& file_;
  const GroundTruth& truth_;
  const EvalOptions& options_;
  const Sources sources_;
  const double lowest_;  // a smaller IoU is no overlap
  Detections detections_;

  // The first byte of the file that has not been dropped.
  std::optional<size_t> kept_from_;

  // Of the detection in hand; results come picture by picture.
  bool has_image_ = false;
  data::RecordId image_id_;
  GroundTruth::Image image_;
  XywhBox box_;
  ComparedMask& mask_;
  std::vector<double> ious_;
};

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
      __builtin_prefetch(object.mask.rle.counts.data());
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
  DetectionCounts& counts = detections_.counts;
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
  const double left = box_.x, right = box_.x + box_.width;
  const double top = box_.y, bottom = box_.y + box_.height;
  return PolygonToRle({left, top, left, bottom, right, bottom, right, top},
                      image.height, image.width);
}

absl::Status OverlapSink::TakeMask(const data::CocoResult& result) {
  Rle& mask = mask_.Renew();
  if (!result.has_segmentation) {
    ASSIGN_OR_RETURN(mask, DrawBox());
  } else if (result.segmentation.kind == data::Segmentation::Kind::kCounts) {
    const data::Segmentation& segmentation = result.segmentation;
    RETURN_IF_ERROR(CheckMaskSize(segmentation.height, segmentation.width));
    mask.height = static_cast<int>(segmentation.height);
    mask.width = static_cast<int>(segmentation.width);
    RETURN_IF_ERROR(ParseRleCounts(mask.height, mask.width, segmentation.counts,
                                   mask.counts));
  } else {
    const data::CocoImage& image =
        truth_.dataset().images[static_cast<size_t>(image_.index)];
    ASSIGN_OR_RETURN(mask, data::SegmentationToRle(result.segmentation,
                                                   image.height, image.width));
  }
  return absl::OkStatus();
}

void OverlapSink::Count(const data::CocoResult& result) {
  DetectionCounts& counts = detections_.counts;
  const data::CocoImage& image =
      truth_.dataset().images[static_cast<size_t>(image_.index)];
  counts.duplicate_keys += result.duplicate_key;
  counts.score_out_of_range += result.score < 0 || result.score > 1;
  if (sources_.masks && image.height >= 0 && image.width >= 0) {
    const bool other =
        mask_.rle().height != image.height || mask_.rle().width != image.width;
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
  ++detections_.counts.total;
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
      ++detections_.counts.other_image;
    } else if (detections_.counts.unlisted_category++ == 0) {
      detections_.counts.first_unlisted = result.category_id;
    }
    return absl::OkStatus();
  }
  detection.score = result.score;
  detection.area =
      sources_.mask_areas ? mask_.area() : box_.width * box_.height;
  if (!sources_.boxes && (!result.has_bbox || result.empty_bbox) &&
      options_.iou_type == IouType::kBbox) {
    box_ = mask_.box();
  }
  Compare(result,
          truth_.Cell(detection.image, truth_.ClassOf(detection.category)),
          detection);
  detections_.list.push_back(detection);
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
  std::vector<Overlap>& overlaps = detections_.overlaps;
  detection.first_overlap = size(overlaps);
  if (!cell.empty()) {
    const auto at = static_cast<size_t>(cell.data() - all.data());
    AppendReached(absl::MakeConstSpan(ious_).subspan(at, cell.size()),
                  truth_.Position(cell), lowest_, overlaps);
  }
  detection.num_overlaps = size(overlaps) - detection.first_overlap;
  if (!options_.explain) return;
  std::vector<Overlap>& touches = detections_.touches;
  DetectionTrace trace;
  trace.offset = result.offset;
  trace.first_touch = size(touches);
  if (!all.empty()) {
    AppendReached(ious_, truth_.Position(all), kBackgroundIou, touches);
  }
  trace.num_touches = size(touches) - trace.first_touch;
  detections_.traces.push_back(trace);
}

void OverlapSink::Measure(absl::Span<const TruthObject> objects) {
  ious_.clear();
  for (const TruthObject& object : objects) {
    ious_.push_back(options_.iou_type == IouType::kBbox
                        ? BoxIou(box_, object.box, object.crowd)
                        : mask_.Iou(object));
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

// Takes what can be read.
class IdleSink : public data::ResultsSink {
 public:
  absl::Status Add(const data::CocoResult&) override {
    return absl::OkStatus();
  }
};

// An error when detections lack a mask.
absl::Status CheckMasks(const DetectionCounts& counts, const Sources& sources,
                        absl::string_view path) {
  if (counts.without_mask == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": results[", counts.first_without_mask, "]: no \"segmentation\"; ",
      counts.without_mask, " of ", counts.total, " detections have none",
      sources.boxes ? ": --iou_type bbox compares their boxes "
                      "(--boxes_as_masks takes boxes for masks, as pycocotools)"
                    : ", though the first has one"));
}

// Of the parts before one.
struct Sizes {
  size_t list = 0, overlaps = 0, traces = 0, touches = 0;
};

// One part behind those before it; those are of other memory.
void CopyPart(const Detections& part, const Sizes& before, Detections& all) {
  ScoredDetection* detection = all.list.data() + before.list;
  for (const ScoredDetection& one : part.list) {
    *detection = one;
    detection++->first_overlap += static_cast<uint32_t>(before.overlaps);
  }
  DetectionTrace* trace = all.traces.data() + before.traces;
  for (const DetectionTrace& one : part.traces) {
    *trace = one;
    trace++->first_touch += static_cast<uint32_t>(before.touches);
  }
  absl::c_copy(part.overlaps, all.overlaps.begin() + before.overlaps);
  absl::c_copy(part.touches, all.touches.begin() + before.touches);
}

Detections Join(const std::vector<std::unique_ptr<data::ResultsSink>>& sinks) {
  const auto part = [&](size_t i) -> Detections& {
    return static_cast<OverlapSink&>(*sinks[i]).detections();
  };
  if (sinks.size() == 1) return std::move(part(0));
  Detections all;
  std::vector<Sizes> before;
  Sizes size;
  for (size_t i = 0; i < sinks.size(); ++i) {
    before.push_back(size);
    size.list += part(i).list.size();
    size.overlaps += part(i).overlaps.size();
    size.traces += part(i).traces.size();
    size.touches += part(i).touches.size();
    all.counts.Add(part(i).counts);
    all.box_areas = part(i).box_areas;
  }
  all.list.resize(size.list);
  all.overlaps.resize(size.overlaps);
  all.traces.resize(size.traces);
  all.touches.resize(size.touches);
  ParallelFor(static_cast<int64_t>(sinks.size()), 1,
              [&](int64_t begin, int64_t end) {
                for (auto i = static_cast<size_t>(begin);
                     i < static_cast<size_t>(end); ++i) {
                  CopyPart(part(i), before[i], all);
                  part(i) = Detections();
                }
              });
  return all;
}

}  // namespace

void DetectionCounts::Add(const DetectionCounts& other) {
  if (unlisted_category == 0) first_unlisted = other.first_unlisted;
  if (other_size == 0) first_other_size = total + other.first_other_size;
  if (without_mask == 0) {
    first_without_mask = total + other.first_without_mask;
  }
  total += other.total;
  unlisted_category += other.unlisted_category;
  other_image += other.other_image;
  score_out_of_range += other.score_out_of_range;
  duplicate_keys += other.duplicate_keys;
  boxes += other.boxes;
  leaving += other.leaving;
  corner_like += other.corner_like;
  relative_like += other.relative_like;
  other_size += other.other_size;
  without_mask += other.without_mask;
}

absl::StatusOr<Detections> ReadDetections(const MappedFile& file,
                                          absl::string_view path,
                                          const GroundTruth& truth,
                                          const EvalOptions& options,
                                          int threads) {
  const absl::string_view text = file.bytes();
  data::CocoResult first;
  data::ResultsOptions reading;
  // Several for each thread, so that none has to wait for another for long.
  reading.parts = threads == 1 ? 1 : 16 * threads;
  reading.max_messages = options.bad_annotations.max_messages;
  const absl::StatusOr<bool> any = data::ReadFirstResult(text, path, first);
  if (!any.ok()) {
    // With the others that are bad.
    RETURN_IF_ERROR(data::ReadResults(text, path, reading, [] {
                      return std::make_unique<IdleSink>();
                    }).status());
    return any.status();
  }
  if (!*any) return Detections();
  ASSIGN_OR_RETURN(const Sources sources, ChooseSources(first, path, options));
  reading.read_segmentation = sources.masks;
  constexpr size_t kUsualLength = 150;  // of a detection's text, or longer
  const size_t expected =
      text.size() / static_cast<size_t>(reading.parts) / kUsualLength;
  // Of each member of the team that reads, one part after another.
  const double lowest = LowestMatchThreshold(options);
  std::vector<ComparedMask> masks(
      static_cast<size_t>(NumThreads()),
      ComparedMask(options.iou_type, options.explain
                                         ? std::min(lowest, kBackgroundIou)
                                         : lowest));
  ASSIGN_OR_RETURN(
      const auto sinks,
      data::ReadResults(
          text, path, reading, [&]() -> std::unique_ptr<data::ResultsSink> {
            auto sink = std::make_unique<OverlapSink>(
                file, truth, options, sources,
                &masks[static_cast<size_t>(CurrentPlace().member)]);
            sink->detections().list.reserve(expected);
            return sink;
          }));
  Detections detections = Join(sinks);
  RETURN_IF_ERROR(CheckMasks(detections.counts, sources, path));
  return detections;
}

}  // namespace fcis::eval
