// COCOeval over arrays in memory: equal to pycocotools 2.0.11 bit for bit, for
// any ids, areas and overlaps that its callers may hand over.
#ifndef FCIS_API_ARRAY_EVALUATION_H_
#define FCIS_API_ARRAY_EVALUATION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/cell_layout.h"
#include "fcis/core/base/large_vector.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/rle/rle.h"
#include "fcis/fcis.h"

namespace fcis::api {

// The matches of all cells in one area range, cell after cell: a cell with D
// detections and G objects has [T, D] and [T, G].
struct ArrayMatches {
  double* detection_matches;   // id of the object, or 0
  double* object_matches;      // id of the detection, or 0
  uint8_t* detection_ignored;  // as detection_matches
  int64_t* object_order;       // [G], into the input
  uint8_t* object_ignored;     // [G], in that order
};

// precision and scores: [T, R, K, A, M]; recall: [T, K, A, M]. -1 where nothing
// is to be found.
struct ArrayCurves {
  double *precision, *recall, *scores;
};

class ArrayEvaluation {
 public:
  // Takes what it needs out of the arrays, but for boxes and masks, which must
  // live until Match. InvalidArgument names the array: NULL, a negative number
  // of entries or 2^31 of them, cells that are not there.
  static absl::StatusOr<ArrayEvaluation> Make(
      const fcis_evaluation_input& input);

  // Only its numbers may be read: the arrays may be gone.
  const fcis_evaluation_input& input() const { return input_; }
  // Objects of cells in the input's order; detections by descending score, as
  // many as count.
  const CellLayout& objects() const { return objects_; }
  const CellLayout& detections() const { return detections_; }

  // Number of pairs of all cells.
  int64_t num_pairs() const { return pairs_.back(); }

  // Computes the overlaps of all pairs from masks, or from boxes.
  absl::Status Measure();
  // Or similarities of k keypoints. sigmas: [k], k > 0; keypoints: [n, k, 3],
  // x, y and, of objects, whether it is seen. InvalidArgument: NULL; objects
  // without boxes.
  absl::Status MeasureKeypoints(int64_t k, const double* sigmas,
                                const double* object_keypoints,
                                const double* detection_keypoints);
  // Or takes num_pairs() of them as they are.
  void SetIous(const double* ious);
  absl::Span<const double> ious() const { return ious_; }

  // Matches all cells in all area ranges; needs the overlaps.
  void Match();

  // The matches of area range `a`.
  void CopyMatches(size_t a, const ArrayMatches& matches) const;

  // Needs Match. max_dets: ascending, at most the input's max_detections.
  void Accumulate(absl::Span<const double> recall_thresholds,
                  absl::Span<const int64_t> max_dets,
                  const ArrayCurves& curves) const;

 private:
  struct Scratch;
  struct Curves;

  static constexpr size_t kVerdicts = 32;  // in a word

  size_t num_cells() const { return objects_.first.size() - 1; }
  size_t T() const { return iou_thresholds_.size(); }
  size_t num_areas() const { return area_ranges_.size() / 2; }
  bool Outside(double area, size_t a) const {
    return area < area_ranges_[2 * a] || area > area_ranges_[2 * a + 1];
  }
  // One for each of n thresholds that a word has room for.
  static uint64_t Bits(size_t n) {
    return (uint64_t{1} << std::min(n, kVerdicts)) - 1;
  }
  // Calls each(cell, memory) of all cells, several at once; what is in `memory`
  // is of another cell.
  template <typename Memory, typename Each>
  void ForCells(int64_t grain, const Each& each) const {
    ParallelFor(static_cast<int64_t>(num_cells()), grain,
                [&](int64_t begin, int64_t end) {
                  Memory memory;
                  for (int64_t c = begin; c < end; ++c) {
                    each(static_cast<size_t>(c), memory);
                  }
                });
  }
  void TakeColumns();
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

  fcis_evaluation_input input_ = {};
  std::vector<double> iou_thresholds_, area_ranges_;
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

}  // namespace fcis::api

#endif  // FCIS_API_ARRAY_EVALUATION_H_
