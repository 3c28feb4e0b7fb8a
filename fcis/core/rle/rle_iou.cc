#include "fcis/core/rle/rle_iou.h"

#include <cstdint>

#include "fcis/core/rle/run_pair.h"

namespace fcis {
namespace {

// As fmin and fmax, for a coordinate that is NaN counts as absent there.
double Less(double a, double b) { return a < b || b != b ? a : b; }
double More(double a, double b) { return a > b || b != b ? a : b; }

}  // namespace

double BoxIou(const XywhBox& detection, const XywhBox& truth, bool crowd) {
  const XywhBox& d = detection;
  const XywhBox& t = truth;
  const double width = Less(d.width + d.x, t.width + t.x) - More(d.x, t.x);
  if (width <= 0) return 0;
  const double height = Less(d.height + d.y, t.height + t.y) - More(d.y, t.y);
  if (height <= 0) return 0;
  const double common = width * height;
  const double area = d.width * d.height;
  return common / (crowd ? area : area + t.width * t.height - common);
}

double MaskIou(const Rle& detection, const XywhBox& detection_box,
               const Rle& truth, const XywhBox& truth_box, bool crowd,
               const RleRanks* ranks) {
  const double box_iou = BoxIou(detection_box, truth_box, crowd);
  if (!(box_iou > 0)) return box_iou;
  if (detection.height != truth.height || detection.width != truth.width) {
    return -1;
  }
  uint32_t common = 0, either = 0;
  if (ranks != nullptr && !HasEmptyRun(detection)) {
    common = ranks->CountCommon(detection);
    either = RleArea(detection) + RleArea(truth) - common;
  } else {
    for (RunPair runs(detection.counts, truth.counts); runs.more();) {
      const bool in_a = runs.in_a(), in_b = runs.in_b();
      const uint32_t length = runs.Step();
      if (in_a || in_b) either += length;
      if (in_a && in_b) common += length;
    }
  }
  if (common == 0) return 0;
  return static_cast<double>(common) / (crowd ? RleArea(detection) : either);
}

}  // namespace fcis
