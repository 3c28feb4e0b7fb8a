#include "fcis/api/array_evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_ranks.h"

namespace fcis::api {
namespace {

constexpr int64_t kGrain = 64;           // cells
constexpr int64_t kCopyGrain = 1 << 14;  // records
constexpr int64_t kMaxCells = int64_t{1} << 31;

// The largest double below 1 that COCOeval lets a threshold be.
double MatchThreshold(double threshold) {
  return std::min(threshold, 1 - 1e-10);
}

absl::Status CheckCells(const int64_t* cells, int64_t n, int64_t num_cells,
                        const char* name) {
  for (int64_t i = 0; i < n; ++i) {
    if (cells[i] >= 0 && cells[i] < num_cells) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        name, "[", i, "]: cell ", cells[i], ", expected one of ", num_cells));
  }
  return absl::OkStatus();
}

absl::Status Check(const fcis_evaluation_input& in) {
  if (in.areas < 0 || in.areas > 1 << 20) {
    return absl::InvalidArgumentError(
        absl::StrCat("areas: ", in.areas, ", expected 0 to 2^20"));
  }
  const struct {
    const void* values;
    int64_t count;
    const char* name;
  } arrays[] = {
      {in.object_cells, in.objects, "object_cells"},
      {in.object_ids, in.objects, "object_ids"},
      {in.object_areas, in.objects, "object_areas"},
      {in.object_ignore, in.objects, "object_ignore"},
      {in.object_crowd, in.objects, "object_crowd"},
      {in.detection_cells, in.detections, "detection_cells"},
      {in.detection_ids, in.detections, "detection_ids"},
      {in.detection_areas, in.detections, "detection_areas"},
      {in.detection_scores, in.detections, "detection_scores"},
      {in.iou_thresholds, in.thresholds, "iou_thresholds"},
      {in.area_ranges, 2 * in.areas, "area_ranges"},
  };
  for (const auto& array : arrays) {
    RETURN_IF_ERROR(CheckArray(array.values, array.count, array.name));
  }
  if (in.classes < 0 || in.images < 0 || in.classes > kMaxCells ||
      in.images > kMaxCells || in.classes * in.images > kMaxCells) {
    return absl::InvalidArgumentError(
        absl::StrCat(in.classes, " classes and ", in.images,
                     " pictures, expected a product of 0 to 2^31"));
  }
  const int64_t num_cells = in.classes * in.images;
  RETURN_IF_ERROR(
      CheckCells(in.object_cells, in.objects, num_cells, "objects"));
  return CheckCells(in.detection_cells, in.detections, num_cells, "detections");
}

// The column's entries in the layout's order.
template <typename T>
LargeVector<T> Gather(const T* column, const CellLayout& layout) {
  LargeVector<T> gathered(layout.size());
  ParallelForEach(layout.size(), kCopyGrain,
                  [&](size_t i) { gathered[i] = column[layout.order[i]]; });
  return gathered;
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
    const fcis_evaluation_input& input) {
  RETURN_IF_ERROR(Check(input));
  ArrayEvaluation evaluation;
  evaluation.input_ = input;
  evaluation.TakeColumns();
  return evaluation;
}

void ArrayEvaluation::TakeColumns() {
  const fcis_evaluation_input& in = input_;
  iou_thresholds_.assign(in.iou_thresholds, in.iou_thresholds + in.thresholds);
  area_ranges_.assign(in.area_ranges, in.area_ranges + 2 * in.areas);
  const auto objects = static_cast<size_t>(in.objects);
  const auto detections = static_cast<size_t>(in.detections);
  const auto cells = static_cast<size_t>(in.classes * in.images);
  objects_ = GroupByCell({in.object_cells, objects}, cells);
  detections_ = GroupByCell({in.detection_cells, detections}, cells);
  SortByScore({in.detection_scores, detections},
              static_cast<size_t>(std::max<int64_t>(in.max_detections, 0)),
              &detections_);
  object_ids_ = Gather(in.object_ids, objects_);
  object_areas_ = Gather(in.object_areas, objects_);
  object_ignore_ = Gather(in.object_ignore, objects_);
  object_crowd_ = Gather(in.object_crowd, objects_);
  detection_ids_ = Gather(in.detection_ids, detections_);
  detection_areas_ = Gather(in.detection_areas, detections_);
  detection_scores_ = Gather(in.detection_scores, detections_);
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
  for (const double threshold : iou_thresholds_) {
    // No IoU is below a threshold that is not a number.
    lowest_ = std::isnan(threshold)
                  ? -std::numeric_limits<double>::infinity()
                  : std::min(lowest_, MatchThreshold(threshold));
  }
  words_ = (T() + kVerdicts - 1) / kVerdicts;
}

void ArrayEvaluation::SetIous(const double* ious) {
  ious_.assign(ious, ious + num_pairs());
}

absl::Status ArrayEvaluation::Measure() {
  const auto fit = [](const fcis_masks* masks, int64_t n) {
    return masks == nullptr ? n == 0
                            : masks->rles.size() == static_cast<size_t>(n);
  };
  const bool masks = fit(input_.object_masks, input_.objects) &&
                     fit(input_.detection_masks, input_.detections);
  if (!masks && num_pairs() > 0) {
    RETURN_IF_ERROR(CheckGiven(input_.object_boxes, "object_boxes"));
    RETURN_IF_ERROR(CheckGiven(input_.detection_boxes, "detection_boxes"));
  }
  ious_.resize(static_cast<size_t>(num_pairs()));
  ParallelForEach(num_cells(), kGrain, [&](size_t cell) {
    if (pairs_[cell] == pairs_[cell + 1]) return;
    double* const ious = &ious_[static_cast<size_t>(pairs_[cell])];
    if (masks) {
      MeasureMasks(cell, ious);
    } else {
      MeasureBoxes(cell, ious);
    }
  });
  return absl::OkStatus();
}

void ArrayEvaluation::MeasureBoxes(size_t cell, double* ious) const {
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
  for (size_t d = d0; d < d0 + D; ++d) {
    const XywhBox box = BoxAt(input_.detection_boxes, detections_.order[d]);
    for (size_t g = g0; g < g0 + G; ++g) {
      *ious++ = BoxIou(box, BoxAt(input_.object_boxes, objects_.order[g]),
                       object_crowd_[g] != 0);
    }
  }
}

void ArrayEvaluation::MeasureMasks(size_t cell, double* ious) const {
  const size_t d0 = detections_.Begin(cell), D = detections_.Size(cell);
  const size_t g0 = objects_.Begin(cell), G = objects_.Size(cell);
  const auto detection = [&](size_t d) -> const Rle& {
    return input_.detection_masks
        ->rles[static_cast<size_t>(detections_.order[d0 + d])];
  };
  std::vector<XywhBox> boxes;
  for (size_t d = 0; d < D; ++d) boxes.push_back(RleToBbox(detection(d)));
  RleRanks ranks;
  for (size_t g = 0; g < G; ++g) {
    const Rle& object =
        input_.object_masks->rles[static_cast<size_t>(objects_.order[g0 + g])];
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
      double best = MatchThreshold(iou_thresholds_[t]);
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
  const size_t A = num_areas();
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
  const size_t A = num_areas();
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
  verdicts_.resize(num_areas() * detections_.size() * words_);
  ForCells<Scratch>(kGrain, [&](size_t cell, Scratch& scratch) {
    if (detections_.Size(cell) == 0) return;
    NoteFree(cell);
    FindNear(cell, scratch);
    if (scratch.near.empty()) return;
    for (size_t a = 0; a < num_areas(); ++a) {
      MatchCell(cell, a, scratch);
      NoteNear(cell, a, scratch);
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
  ForCells<Scratch>(kGrain, [&](size_t cell, Scratch& scratch) {
    FindNear(cell, scratch);
    MatchCell(cell, a, scratch);
    CopyCell(cell, a, scratch, matches);
  });
}

}  // namespace fcis::api
