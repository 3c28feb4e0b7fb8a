// COCOeval over arrays in memory: equal to pycocotools 2.0.11 bit for bit, for
// any ids, areas and overlaps that its callers may hand over.
#ifndef FCIS_EVAL_ARRAYS_ARRAY_EVALUATION_H_
#define FCIS_EVAL_ARRAYS_ARRAY_EVALUATION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/large_vector.h"
#include "fcis/core/rle/rle.h"
#include "fcis/eval/arrays/cell_layout.h"

namespace fcis::eval {

// The columns of one kind of record; all but `boxes` and `masks` have one entry
// per record.
struct ObjectColumns {
  absl::Span<const int64_t> cells;   // class * images + image
  absl::Span<const double> ids;      // 0 stands for no match, as in COCOeval
  absl::Span<const double> areas;    // pixels
  absl::Span<const uint8_t> ignore;  // 0 or 1
  absl::Span<const uint8_t> crowd;   // 0 or 1
  absl::Span<const XywhBox> boxes;   // where boxes are compared
  absl::Span<const Rle> masks;       // where masks are
};

struct DetectionColumns {
  absl::Span<const int64_t> cells;
  absl::Span<const double> ids;
  absl::Span<const double> areas;
  absl::Span<const double> scores;
  absl::Span<const XywhBox> boxes;
  absl::Span<const Rle> masks;
};

struct ArrayOptions {
  int64_t classes = 0, images = 0;  // cells: their product
  std::vector<double> iou_thresholds;
  std::vector<std::pair<double, double>> area_ranges;
  // Detections of a cell beyond it do not exist.
  int64_t max_detections = 100;
};

// The matches of all cells in one area range, cell after cell: a cell with D
// detections and G objects has [T, D] and [T, G].
struct ArrayMatches {
  absl::Span<double> detection_matches;   // id of the object, or 0
  absl::Span<double> object_matches;      // id of the detection, or 0
  absl::Span<uint8_t> detection_ignored;  // as detection_matches
  absl::Span<int64_t> object_order;       // [G], into the columns
  absl::Span<uint8_t> object_ignored;     // [G], in that order
};

// precision and scores: [T, R, K, A, M]; recall: [T, K, A, M]. -1 where nothing
// is to be found.
struct ArrayCurves {
  absl::Span<double> precision, recall, scores;
};

class ArrayEvaluation {
 public:
  // Takes what it needs out of the columns, but for boxes and masks, which must
  // live until Match. InvalidArgument: columns of different lengths, cells that
  // are not there, more than 2^31 records.
  static absl::StatusOr<ArrayEvaluation> Make(
      const ObjectColumns& objects, const DetectionColumns& detections,
      ArrayOptions options);

  // Objects of cells in the columns' order; detections by descending score, as
  // many as count.
  const CellLayout& objects() const { return objects_; }
  const CellLayout& detections() const { return detections_; }
  const ArrayOptions& options() const { return options_; }

  // Number of pairs of all cells; and of those before cell c, which has [D, G].
  int64_t num_pairs() const { return pairs_.back(); }
  absl::Span<const int64_t> pairs_before() const { return pairs_; }

  // Computes the overlaps of all pairs from boxes or masks.
  absl::Status Measure();
  // Or similarities of keypoints. sigmas: [k], k > 0; keypoints: [n, k, 3], x,
  // y and, of objects, whether it is seen. InvalidArgument: other lengths;
  // objects without boxes.
  absl::Status MeasureKeypoints(absl::Span<const double> sigmas,
                                absl::Span<const double> object_keypoints,
                                absl::Span<const double> detection_keypoints);
  // Or takes them as they are. InvalidArgument: not num_pairs().
  absl::Status SetIous(absl::Span<const double> ious);
  absl::Span<const double> ious() const { return ious_; }

  // Matches all cells in all area ranges; needs the overlaps.
  void Match();

  // The matches of area range `a`. Spans have their full lengths.
  void CopyMatches(size_t a, const ArrayMatches& matches) const;

  // Needs Match. max_dets: ascending, at most options().max_detections.
  void Accumulate(absl::Span<const double> recall_thresholds,
                  absl::Span<const int64_t> max_dets,
                  const ArrayCurves& curves) const;

 private:
  struct Scratch;
  struct Curves;

  static constexpr size_t kVerdicts = 32;  // in a word

  size_t num_cells() const { return objects_.first.size() - 1; }
  size_t T() const { return options_.iou_thresholds.size(); }
  bool Outside(double area, size_t a) const {
    return area < options_.area_ranges[a].first ||
           area > options_.area_ranges[a].second;
  }
  // One for each of n thresholds that a word has room for.
  static uint64_t Bits(size_t n) {
    return (uint64_t{1} << std::min(n, kVerdicts)) - 1;
  }
  void TakeColumns();
  void MeasureCell(size_t cell, bool masks);
  void MeasureBoxes(size_t cell, double* ious) const;
  void MeasureMasks(size_t cell, double* ious) const;
  void FindNear(size_t cell, Scratch& scratch) const;
  void OrderObjects(size_t cell, size_t a, Scratch& scratch) const;
  void FindCandidates(size_t cell, size_t detection, Scratch& scratch) const;
  void MatchCell(size_t cell, size_t a, Scratch& scratch) const;
  void NoteFree(size_t cell);
  void NoteNear(size_t cell, size_t a, const Scratch& scratch);
  void CopyCell(size_t cell, size_t a, const Scratch& scratch,
                const ArrayMatches& matches) const;
  std::vector<size_t> RankClass(size_t klass) const;
  int64_t NumObjects(size_t klass, size_t a) const;
  void Count(absl::Span<const size_t> ranked,
             absl::Span<const int64_t> max_dets,
             std::vector<Curves>& curves) const;
  void Fill(size_t klass, size_t recalls, std::vector<Curves>& curves,
            const ArrayCurves& out) const;
  void Point(Curves& curves, size_t t, size_t r, double* precision,
             double* score) const;

  ArrayOptions options_;
  ObjectColumns object_columns_;
  DetectionColumns detection_columns_;
  CellLayout objects_, detections_;
  // In the layout's order.
  LargeVector<double> object_ids_, object_areas_;
  LargeVector<uint8_t> object_ignore_, object_crowd_;
  LargeVector<double> detection_ids_, detection_areas_, detection_scores_;
  LargeVector<int32_t> ranks_;  // of detections in their cell
  LargeVector<int64_t> pairs_;
  LargeVector<double> ious_;
  double lowest_ = 0;  // threshold
  size_t words_ = 0;   // of verdicts, each of up to kVerdicts thresholds
  // [detection][area range][word]: of threshold t bit t, a true positive, and
  // bit kVerdicts + t, nothing that counts.
  LargeVector<uint64_t> verdicts_;
};

}  // namespace fcis::eval

#endif  // FCIS_EVAL_ARRAYS_ARRAY_EVALUATION_H_
