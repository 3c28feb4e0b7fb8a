#include "fcis/eval/coco/compared_mask.h"

#include <algorithm>
#include <vector>

#include "fcis/core/rle/rle_iou.h"
#include "fcis/eval/coco/boundary.h"

namespace fcis::eval {
namespace {

// The IoU of masks of these areas that share `common` pixels.
double IouOf(double common, double area, double truth_area, bool crowd) {
  return common / (crowd ? area : area + truth_area - common);
}

// What two intervals share.
double Common(double a, double a_length, double b, double b_length) {
  return std::max(std::min(a + a_length, b + b_length) - std::max(a, b), 0.0);
}

}  // namespace

Rle& ComparedMask::Renew() {
  has_sums_ = has_box_ = has_columns_ = has_boundary_ = false;
  return rle_;
}

const RunSums& ComparedMask::sums() {
  if (!has_sums_) sums_ = SumRuns(rle_.counts);
  has_sums_ = true;
  return sums_;
}

const XywhBox& ComparedMask::box() {
  if (!has_box_) box_ = RleToBbox(rle_);
  has_box_ = true;
  return box_;
}

// From the first to the last column with foreground, or more where runs are
// empty: faster than the box, and often enough.
const XywhBox& ComparedMask::columns() {
  if (has_columns_) return columns_;
  has_columns_ = true;
  columns_ = {};
  const std::vector<uint32_t>& runs = rle_.counts;
  if (runs.size() < 2 || rle_.height == 0) return columns_;
  const auto height = static_cast<uint32_t>(rle_.height);
  const uint32_t first = runs[0] / height, last = sums().end / height;
  return columns_ = {static_cast<double>(first), 0, last - first + 1.,
                     static_cast<double>(height)};
}

// By an upper bound of the IoU, cheap parts first: the smaller mask bounds the
// common pixels, and so does the part that the boxes share.
bool ComparedMask::CanReach(const TruthObject& object) {
  // Room for the rounding of the bound.
  constexpr double kSlack = 1e-9;
  if (least_ <= 0) return true;
  const double truth_area = object.mask.area;
  double common = std::min<double>(area(), truth_area);
  const auto reaches = [&](double bound) {
    common = std::min(common, bound);
    return IouOf(common, area(), truth_area, object.crowd) >= least_ - kSlack;
  };
  const XywhBox& truth = object.mask.box;
  const auto shared = [&](const XywhBox& box) {
    return Common(box.x, box.width, truth.x, truth.width) *
           Common(box.y, box.height, truth.y, truth.height);
  };
  return reaches(common) && reaches(shared(columns())) &&
         reaches(shared(box()));
}

// Null: it has none.
const RleRanks* ComparedMask::RanksOf(const TruthObject& object) {
  // Neighbours among the objects have places of their own.
  const auto place = reinterpret_cast<uintptr_t>(&object) / sizeof(TruthObject);
  Ranked& ranked = ranked_[place % ranked_.size()];
  if (ranked.object != &object) {
    ranked.object = &object;
    ranked.built = ranked.ranks.Build(object.mask.counts);
  }
  return ranked.built ? &ranked.ranks : nullptr;
}

// As MaskIou: masks without empty runs that share a pixel have boxes that do.
double ComparedMask::IouOfMasks(const TruthObject& object) {
  const MeasuredMask& truth = object.mask;
  const bool same_size =
      rle_.height == truth.height && rle_.width == truth.width;
  const RleRanks* const ranks =
      same_size && !sums().has_empty ? RanksOf(object) : nullptr;
  if (ranks == nullptr) {
    return MaskIou(rle_, box(), truth.ToRle(), truth.box, object.crowd);
  }
  const uint32_t common = ranks->CountCommon(rle_);
  if (common == 0) return 0;
  return IouOf(common, area(), truth.area, object.crowd);
}

double ComparedMask::Iou(const TruthObject& object) {
  if (!CanReach(object)) return 0;
  const double iou = IouOfMasks(object);
  if (type_ != IouType::kBoundary || iou <= 0 || iou < least_) return iou;
  if (!has_boundary_) boundary_ = MaskBoundary(rle_);
  has_boundary_ = true;
  return std::min(iou, MaskIou(boundary_, RleToBbox(boundary_), object.boundary,
                               RleToBbox(object.boundary), object.crowd));
}

}  // namespace fcis::eval
