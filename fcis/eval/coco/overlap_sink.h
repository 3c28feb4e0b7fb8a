// Takes detections from a reader and compares each with the objects of its
// picture and class.
#ifndef FCIS_EVAL_COCO_OVERLAP_SINK_H_
#define FCIS_EVAL_COCO_OVERLAP_SINK_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/results.h"
#include "fcis/eval/coco/compared_mask.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// Where a detection's area, box and mask come from. pycocotools decides by the
// first of the list.
struct DetectionSources {
  bool boxes = false;  // area = width * height
  bool masks = false;  // masks are needed, for IoU, area or box
  bool draw = false;   // missing masks are drawn from boxes
  bool mask_areas = false;
};

// Numbers of elements of the lists of Detections.
struct DetectionSizes {
  size_t list = 0, overlaps = 0, traces = 0, touches = 0;
};
DetectionSizes SizesOf(const Detections& detections);

// What one thread found in the parts of a file that it has read, one after
// another, and memory to find more with.
struct OverlapStore {
  explicit OverlapStore(const EvalOptions& options);

  Detections detections;  // without counts
  ComparedMask mask;
  std::vector<double> ious;
};

class OverlapSink : public data::ResultsSink {
 public:
  // Appends to `store`, whose last sink takes no more.
  OverlapSink(const MappedFile& file, const GroundTruth& truth,
              const EvalOptions& options, const DetectionSources& sources,
              OverlapStore* store)
      : file_(file),
        truth_(truth),
        options_(options),
        sources_(sources),
        lowest_(LowestMatchThreshold(options)),
        store_(*store),
        begin_(SizesOf(store->detections)) {}

  absl::Status Add(const data::CocoResult& result) override;

  OverlapStore& store() { return store_; }
  // What it appended to the store: from `begin` on, `size`.
  const DetectionSizes& begin() const { return begin_; }
  const DetectionSizes& size() const { return size_; }
  const DetectionCounts& counts() const { return counts_; }

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
  const DetectionSources sources_;
  const double lowest_;  // a smaller IoU is no overlap
  OverlapStore& store_;
  const DetectionSizes begin_;
  DetectionSizes size_;
  DetectionCounts counts_;

  // The first byte of the file that has not been dropped.
  std::optional<size_t> kept_from_;

  // Of the detection in hand; results come picture by picture.
  bool has_image_ = false;
  data::RecordId image_id_;
  GroundTruth::Image image_;
  XywhBox box_;
};

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_OVERLAP_SINK_H_
