#include "fcis/eval/arrays/array_evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_ranks.h"

namespace fcis::eval {
namespace {

constexpr int64_t kGrain = 64;           // cells
constexpr int64_t kCopyGrain = 1 << 14;  // records
constexpr size_t kMaxRecords = size_t{1} << 31;
constexpr size_t kMaxCells = size_t{1} << 31;

// The largest double below 1 that COCOeval lets a threshold be.
double MatchThreshold(double threshold) {
  return std::min(threshold, 1 - 1e-10);
}

absl::Status CheckColumn(size_t size, size_t expected, const char* name) {
  if (size == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": expected ", expected, " values, got ", size));
}

absl::Status CheckCells(absl::Span<const int64_t> cells, int64_t num_cells,
                        const char* name) {
  if (cells.size() >= kMaxRecords) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", cells.size(), ", expected less than 2^31"));
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] >= 0 && cells[i] < num_cells) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        name, "[", i, "]: cell ", cells[i], ", expected one of ", num_cells));
  }
  return absl::OkStatus();
}

absl::Status Check(const ObjectColumns& o, const DetectionColumns& d,
                   const ArrayOptions& options) {
  const int64_t most = static_cast<int64_t>(kMaxCells);
  if (options.classes < 0 || options.images < 0 || options.classes > most ||
      options.images > most || options.classes * options.images > most) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.classes, " classes and ", options.images,
                     " pictures, expected a product of 0 to 2^31"));
  }
  const int64_t num_cells = options.classes * options.images;
  RETURN_IF_ERROR(CheckCells(o.cells, num_cells, "objects"));
  RETURN_IF_ERROR(CheckCells(d.cells, num_cells, "detections"));
  const size_t objects = o.cells.size(), detections = d.cells.size();
  RETURN_IF_ERROR(CheckColumn(o.ids.size(), objects, "object ids"));
  RETURN_IF_ERROR(CheckColumn(o.areas.size(), objects, "object areas"));
  RETURN_IF_ERROR(CheckColumn(o.ignore.size(), objects, "object ignore"));
  RETURN_IF_ERROR(CheckColumn(o.crowd.size(), objects, "object crowd"));
  RETURN_IF_ERROR(CheckColumn(d.ids.size(), detections, "detection ids"));
  RETURN_IF_ERROR(CheckColumn(d.areas.size(), detections, "detection areas"));
  return CheckColumn(d.scores.size(), detections, "detection scores");
}

// Calls copy(place in the layout, place in the columns).
template <typename Copy>
void ForRecords(const CellLayout& layout, const Copy& copy) {
  ParallelFor(static_cast<int64_t>(layout.size()), kCopyGrain,
              [&](int64_t begin, int64_t end) {
                for (auto i = static_cast<size_t>(begin);
                     i < static_cast<size_t>(end); ++i) {
                  copy(i, static_cast<size_t>(layout.order[i]));
                }
              });
}

}  // namespace

// Of the cell in hand; its memory is reused.
struct ArrayEvaluation::Scratch {
  // Detections that may take an object.
  std::vector<size_t> near;
  // Objects of the cell, those that count first.
  std::vector<size_t> order;
  std::vector<uint8_t> ignored;    // by place in `order`
  std::vector<size_t> candidates;  // places in `order`
  std::vector<uint8_t> used;       // [T][G], by place in `order`
  std::vector<int32_t> matches;    // [T][D]: place in `order`, or -1
  std::vector<int32_t> taken_by;   // [T][G]: the last detection, or -1
};

absl::StatusOr<ArrayEvaluation> ArrayEvaluation::Make(
    const ObjectColumns& objects, const DetectionColumns& detections,
    ArrayOptions options) {
  RETURN_IF_ERROR(Check(objects, detections, options));
  ArrayEvaluation evaluation;
  evaluation.options_ = std::move(options);
  evaluation.object_columns_ = objects;
  evaluation.detection_columns_ = detections;
  evaluation.TakeColumns();
  return evaluation;
}

void ArrayEvaluation::TakeColumns() {
  const ObjectColumns& o = object_columns_;
  const DetectionColumns& d = detection_columns_;
  const auto cells = static_cast<size_t>(options_.classes * options_.images);
  objects_ = GroupByCell(o.cells, cells);
  detections_ = GroupByCell(d.cells, cells);
  SortByScore(
      d.scores,
      static_cast<size_t>(std::max<int64_t>(options_.max_detections, 0)),
      &detections_);
  object_ids_.resize(objects_.size());
  object_areas_.resize(objects_.size());
  object_ignore_.resize(objects_.size());
  object_crowd_.resize(objects_.size());
  ForRecords(objects_, [&](size_t i, size_t from) {
    object_ids_[i] = o.ids[from];
    object_areas_[i] = o.areas[from];
    object_ignore_[i] = o.ignore[from];
    object_crowd_[i] = o.crowd[from];
  });
  detection_ids_.resize(detections_.size());
  detection_areas_.resize(detections_.size());
  detection_scores_.resize(detections_.size());
  ForRecords(detections_, [&](size_t i, size_t from) {
    detection_ids_[i] = d.ids[from];
    detection_areas_[i] = d.areas[from];
    detection_scores_[i] = d.scores[from];
  });
  ranks_.resize(detections_.size());
  pairs_.resize(cells + 1);
  pairs_[0] = 0;
  for (size_t c = 0; c < cells; ++c) {
    const size_t D = detections_.Size(c);
    for (size_t i = 0; i < D; ++i) {
      ranks_[detections_.Begin(c) + i] = static_cast<int32_t>(i);
    }
    pairs_[c + 1] = pairs_[c] + static_cast<int64_t>(D * objects_.Size(c));
  }
  lowest_ = std::numeric_limits<double>::infinity();
  for (const double threshold : options_.iou_thresholds) {
    // No IoU is below a threshold that is not a number.
    lowest_ = std::isnan(threshold)
                  ? -std::numeric_limits<double>::infinity()
                  : std::min(lowest_, MatchThreshold(threshold));
  }
  words_ = (T() + kVerdicts - 1) / kVerdicts;
}

absl::Status ArrayEvaluation::SetIous(absl::Span<const double> ious) {
  RETURN_IF_ERROR(
      CheckColumn(ious.size(), static_cast<size_t>(num_pairs()), "overlaps"));
  ious_.assign(ious.begin(), ious.end());
  return absl::OkStatus();
}

absl::Status ArrayEvaluation::Measure() {
  const ObjectColumns& o = object_columns_;
  const DetectionColumns& d = detection_columns_;
  const bool masks =
      o.masks.size() == o.cells.size() && d.masks.size() == d.cells.size();
  if (!masks && num_pairs() > 0) {
    RETURN_IF_ERROR(
        CheckColumn(o.boxes.size(), o.cells.size(), "object boxes"));
    RETURN_IF_ERROR(
        CheckColumn(d.boxes.size(), d.cells.size(), "detection boxes"));
  }
  ious_.resize(static_cast<size_t>(num_pairs()));
  ParallelFor(static_cast<int64_t>(num_cells()), kGrain,
              [&](int64_t begin, int64_t end) {
                for (int64_t c = begin; c < end; ++c) {
                  MeasureCell(static_cast<size_t>(c), masks);
                }
              });
  return absl::OkStatus();
}

void ArrayEvaluation::MeasureCell(size_t cell, bool masks) {
  if (pairs_[cell] == pairs_[cell + 1]) return;
  double* const ious = &ious_[static_cast<size_t>(pairs_[cell])];
  if (masks) {
    MeasureMasks(cell, ious);
  } else {
    MeasureBoxes(cell, ious);
  }
}

void ArrayEvaluation::MeasureBoxes(size_t cell, double* ious) const {
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
  for (size_t d = 0; d < D; ++d) {
    const XywhBox& box =
        detection_columns_
            .boxes[static_cast<size_t>(detections_.order[d0 + d])];
    for (size_t g = 0; g < G; ++g) {
      ious[d * G + g] = BoxIou(
          box,
          object_columns_.boxes[static_cast<size_t>(objects_.order[g0 + g])],
          object_crowd_[g0 + g] != 0);
    }
  }
}

void ArrayEvaluation::MeasureMasks(size_t cell, double* ious) const {
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
  const auto detection = [&](size_t d) -> const Rle& {
    return detection_columns_
        .masks[static_cast<size_t>(detections_.order[d0 + d])];
  };
  std::vector<XywhBox> boxes;
  for (size_t d = 0; d < D; ++d) boxes.push_back(RleToBbox(detection(d)));
  RleRanks ranks;
  for (size_t g = 0; g < G; ++g) {
    const Rle& object =
        object_columns_.masks[static_cast<size_t>(objects_.order[g0 + g])];
    const XywhBox box = RleToBbox(object);
    const bool crowd = object_crowd_[g0 + g] != 0;
    // A few comparisons do not pay for ranks.
    const bool ranked = D > 2 && ranks.Build(object);
    for (size_t d = 0; d < D; ++d) {
      ious[d * G + g] = MaskIou(detection(d), boxes[d], object, box, crowd,
                                ranked ? &ranks : nullptr);
    }
  }
}

void ArrayEvaluation::FindNear(size_t cell, Scratch& scratch) const {
  const size_t D = detections_.Size(cell), G = objects_.Size(cell);
  const double* const ious = ious_.data() + pairs_[cell];
  const auto reached = [&](double iou) { return !(iou < lowest_); };
  scratch.near.clear();
  for (size_t d = 0; d < D; ++d) {
    const double* const row = ious + d * G;
    if (std::any_of(row, row + G, reached)) scratch.near.push_back(d);
  }
}

void ArrayEvaluation::OrderObjects(size_t cell, size_t a,
                                   Scratch& scratch) const {
  const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
  scratch.order.clear();
  scratch.ignored.clear();
  for (const bool wanted : {false, true}) {
    for (size_t g = 0; g < G; ++g) {
      const bool ignored =
          object_ignore_[g0 + g] != 0 || Outside(object_areas_[g0 + g], a);
      if (ignored != wanted) continue;
      scratch.order.push_back(g);
      scratch.ignored.push_back(ignored);
    }
  }
}

// The objects that the detection may take at some threshold. A NaN lets
// everything behind it match, too.
void ArrayEvaluation::FindCandidates(size_t cell, size_t detection,
                                     Scratch& scratch) const {
  const size_t G = scratch.order.size();
  const double* const ious =
      &ious_[static_cast<size_t>(pairs_[cell]) + detection * G];
  scratch.candidates.clear();
  bool nan = false;
  for (size_t g = 0; g < G; ++g) {
    const double iou = ious[scratch.order[g]];
    nan |= std::isnan(iou);
    if (!(iou < lowest_)) scratch.candidates.push_back(g);
  }
  if (nan) {
    scratch.candidates.resize(G);
    std::iota(scratch.candidates.begin(), scratch.candidates.end(), 0);
  }
}

// Takes scratch.near, leaves matches and taken_by.
void ArrayEvaluation::MatchCell(size_t cell, size_t a, Scratch& scratch) const {
  OrderObjects(cell, a, scratch);
  const size_t D = detections_.Size(cell), G = scratch.order.size();
  const size_t d0 = detections_.Begin(cell), g0 = objects_.Begin(cell);
  scratch.matches.assign(T() * D, -1);
  scratch.taken_by.assign(T() * G, -1);
  scratch.used.assign(T() * G, 0);
  for (const size_t d : scratch.near) {
    FindCandidates(cell, d, scratch);
    const double* const ious =
        &ious_[static_cast<size_t>(pairs_[cell]) + d * G];
    for (size_t t = 0; t < T(); ++t) {
      double best = MatchThreshold(options_.iou_thresholds[t]);
      int32_t match = -1;
      for (const size_t g : scratch.candidates) {
        const size_t object = scratch.order[g];
        if (scratch.used[t * G + g] && !object_crowd_[g0 + object]) continue;
        if (match >= 0 && !scratch.ignored[static_cast<size_t>(match)] &&
            scratch.ignored[g]) {
          break;
        }
        if (ious[object] < best) continue;
        best = ious[object];
        match = static_cast<int32_t>(g);
      }
      if (match < 0) continue;
      const size_t at = t * G + static_cast<size_t>(match);
      scratch.matches[t * D + d] = match;
      scratch.taken_by[at] = static_cast<int32_t>(d);
      // COCOeval keeps the id, and takes one that is not positive for none.
      scratch.used[at] = detection_ids_[d0 + d] > 0;
    }
  }
}

// Of detections that take no object.
void ArrayEvaluation::NoteFree(size_t cell) {
  const size_t A = options_.area_ranges.size();
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  uint64_t* verdict = verdicts_.data() + d0 * A * words_;
  for (size_t d = d0; d < d0 + D; ++d) {
    for (size_t a = 0; a < A; ++a) {
      const bool outside = Outside(detection_areas_[d], a);
      for (size_t w = 0; w < words_; ++w) {
        *verdict++ = outside ? Bits(T() - w * kVerdicts) << kVerdicts : 0;
      }
    }
  }
}

// Of those that MatchCell has matched.
void ArrayEvaluation::NoteNear(size_t cell, size_t a, const Scratch& scratch) {
  const size_t A = options_.area_ranges.size();
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  const size_t g0 = objects_.Begin(cell);
  for (const size_t d : scratch.near) {
    uint64_t* const verdict = verdicts_.data() + ((d0 + d) * A + a) * words_;
    for (size_t t = 0; t < T(); ++t) {
      const int32_t match = scratch.matches[t * D + d];
      if (match < 0) continue;
      const auto g = static_cast<size_t>(match);
      const uint64_t correct = uint64_t{1} << t % kVerdicts;
      const uint64_t ignored = correct << kVerdicts;
      uint64_t& word = verdict[t / kVerdicts];
      if (scratch.ignored[g]) {
        word |= ignored;
      } else if (object_ids_[g0 + scratch.order[g]] != 0) {
        word = (word & ~ignored) | correct;
      }
    }
  }
}

void ArrayEvaluation::Match() {
  const size_t A = options_.area_ranges.size();
  verdicts_.resize(A * detections_.size() * words_);
  ParallelFor(static_cast<int64_t>(num_cells()), kGrain,
              [&](int64_t begin, int64_t end) {
                Scratch scratch;
                for (int64_t c = begin; c < end; ++c) {
                  const auto cell = static_cast<size_t>(c);
                  if (detections_.Size(cell) == 0) continue;
                  NoteFree(cell);
                  FindNear(cell, scratch);
                  if (scratch.near.empty()) continue;
                  for (size_t a = 0; a < A; ++a) {
                    MatchCell(cell, a, scratch);
                    NoteNear(cell, a, scratch);
                  }
                }
              });
}

void ArrayEvaluation::CopyCell(size_t cell, size_t a, const Scratch& scratch,
                               const ArrayMatches& matches) const {
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  const size_t g0 = objects_.Begin(cell), G = scratch.order.size();
  for (size_t g = 0; g < G; ++g) {
    matches.object_order[g0 + g] = objects_.order[g0 + scratch.order[g]];
    matches.object_ignored[g0 + g] = scratch.ignored[g];
  }
  for (size_t i = 0; i < T() * G; ++i) {
    const int32_t d = scratch.taken_by[i];
    matches.object_matches[T() * g0 + i] =
        d < 0 ? 0 : detection_ids_[d0 + static_cast<size_t>(d)];
  }
  for (size_t i = 0; i < T() * D; ++i) {
    const auto g = static_cast<size_t>(scratch.matches[i]);
    const bool matched = scratch.matches[i] >= 0;
    const double id = matched ? object_ids_[g0 + scratch.order[g]] : 0;
    matches.detection_matches[T() * d0 + i] = id;
    matches.detection_ignored[T() * d0 + i] =
        (matched && scratch.ignored[g]) ||
        (id == 0 && Outside(detection_areas_[d0 + i % D], a));
  }
}

void ArrayEvaluation::CopyMatches(size_t a, const ArrayMatches& matches) const {
  ParallelFor(static_cast<int64_t>(num_cells()), kGrain,
              [&](int64_t begin, int64_t end) {
                Scratch scratch;
                for (int64_t c = begin; c < end; ++c) {
                  const auto cell = static_cast<size_t>(c);
                  FindNear(cell, scratch);
                  MatchCell(cell, a, scratch);
                  CopyCell(cell, a, scratch, matches);
                }
              });
}

}  // namespace fcis::eval
