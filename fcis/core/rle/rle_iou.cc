#include "fcis/core/rle/rle_iou.h"

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/rle/run_pair.h"

namespace fcis {
namespace {

// iou(d, t) for all pairs, row-major.
template <typename PairIou>
std::vector<double> AllPairs(size_t detections, absl::Span<const uint8_t> crowd,
                             size_t truths, PairIou iou) {
  ABSL_RAW_CHECK(crowd.size() == truths, "one crowd flag per truth");
  std::vector<double> ious;
  ious.reserve(detections * truths);
  for (size_t d = 0; d < detections; ++d) {
    for (size_t t = 0; t < truths; ++t) ious.push_back(iou(d, t));
  }
  return ious;
}

std::vector<XywhBox> TightBoxes(absl::Span<const Rle> rles) {
  std::vector<XywhBox> boxes;
  boxes.reserve(rles.size());
  for (const Rle& rle : rles) boxes.push_back(RleToBbox(rle));
  return boxes;
}

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

std::vector<double> BoxIous(absl::Span<const XywhBox> detections,
                            absl::Span<const XywhBox> truths,
                            absl::Span<const uint8_t> crowd) {
  return AllPairs(detections.size(), crowd, truths.size(),
                  [&](size_t d, size_t t) {
                    return BoxIou(detections[d], truths[t], crowd[t] != 0);
                  });
}

std::vector<double> MaskIous(absl::Span<const Rle> detections,
                             absl::Span<const Rle> truths,
                             absl::Span<const uint8_t> crowd) {
  const std::vector<XywhBox> detection_boxes = TightBoxes(detections);
  const std::vector<XywhBox> truth_boxes = TightBoxes(truths);
  return AllPairs(detections.size(), crowd, truths.size(),
                  [&](size_t d, size_t t) {
                    return MaskIou(detections[d], detection_boxes[d], truths[t],
                                   truth_boxes[t], crowd[t] != 0);
                  });
}

}  // namespace fcis
