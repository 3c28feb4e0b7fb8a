#include "fcis/eval/coco/detections.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/thread_team.h"
#include "fcis/eval/coco/overlap_sink.h"

namespace fcis::eval {
namespace {

absl::StatusOr<DetectionSources> ChooseSources(const data::CocoResult& first,
                                               absl::string_view path,
                                               const EvalOptions& options) {
  DetectionSources sources;
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

// Takes what can be read.
class IdleSink : public data::ResultsSink {
 public:
  absl::Status Add(const data::CocoResult&) override {
    return absl::OkStatus();
  }
};

// An error when detections lack a mask.
absl::Status CheckMasks(const DetectionCounts& counts,
                        const DetectionSources& sources,
                        absl::string_view path) {
  if (counts.without_mask == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": results[", counts.first_without_mask, "]: no \"segmentation\"; ",
      counts.without_mask, " of ", counts.total, " detections have none",
      sources.boxes ? ": --iou_type bbox compares their boxes "
                      "(--boxes_as_masks takes boxes for masks, as pycocotools)"
                    : ", though the first has one"));
}

// What a sink appended, behind what those before it did.
void CopyPart(OverlapSink& sink, const DetectionSizes& before,
              Detections& all) {
  const Detections& store = sink.store().detections;
  const DetectionSizes &begin = sink.begin(), &size = sink.size();
  for (size_t i = 0; i < size.list; ++i) {
    ScoredDetection& detection = all.list[before.list + i];
    detection = store.list[begin.list + i];
    detection.first_overlap +=
        static_cast<uint32_t>(before.overlaps - begin.overlaps);
  }
  for (size_t i = 0; i < size.traces; ++i) {
    DetectionTrace& trace = all.traces[before.traces + i];
    trace = store.traces[begin.traces + i];
    trace.first_touch += static_cast<uint32_t>(before.touches - begin.touches);
  }
  std::copy_n(store.overlaps.data() + begin.overlaps, size.overlaps,
              all.overlaps.data() + before.overlaps);
  std::copy_n(store.touches.data() + begin.touches, size.touches,
              all.touches.data() + before.touches);
}

Detections Join(const std::vector<std::unique_ptr<data::ResultsSink>>& sinks) {
  const auto sink = [&](int64_t i) -> OverlapSink& {
    return static_cast<OverlapSink&>(*sinks[static_cast<size_t>(i)]);
  };
  const auto parts = static_cast<int64_t>(sinks.size());
  Detections all;
  std::vector<DetectionSizes> before;
  DetectionSizes size;
  for (int64_t i = 0; i < parts; ++i) {
    before.push_back(size);
    size.list += sink(i).size().list;
    size.overlaps += sink(i).size().overlaps;
    size.traces += sink(i).size().traces;
    size.touches += sink(i).size().touches;
    all.counts.Add(sink(i).counts());
  }
  if (parts == 1 && sink(0).begin().list == 0) {
    const DetectionCounts counts = all.counts;
    all = std::move(sink(0).store().detections);
    all.counts = counts;
    return all;
  }
  all.list.resize(size.list);
  all.overlaps.resize(size.overlaps);
  all.traces.resize(size.traces);
  all.touches.resize(size.touches);
  ParallelForEach(parts, 1, [&](int64_t i) {
    CopyPart(sink(i), before[static_cast<size_t>(i)], all);
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
  ASSIGN_OR_RETURN(const DetectionSources sources,
                   ChooseSources(first, path, options));
  reading.read_segmentation = sources.masks;
  constexpr size_t kUsualLength = 150;  // of a detection's text, or longer
  const auto members = static_cast<size_t>(NumThreads());
  std::vector<OverlapStore> stores(members, OverlapStore(options));
  for (OverlapStore& store : stores) {
    store.detections.list.reserve(text.size() / kUsualLength / members);
  }
  ASSIGN_OR_RETURN(
      const auto sinks, data::ReadResults(text, path, reading, [&] {
        const auto member = static_cast<size_t>(CurrentPlace().member);
        return std::make_unique<OverlapSink>(file, truth, options, sources,
                                             &stores[member]);
      }));
  Detections detections = Join(sinks);
  detections.box_areas = sources.boxes && !sources.mask_areas &&
                         options.iou_type != IouType::kBbox;
  RETURN_IF_ERROR(CheckMasks(detections.counts, sources, path));
  return detections;
}

}  // namespace fcis::eval
