#include "fcis/model/mask_voting.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/core/image/resize.h"

namespace fcis {
namespace {

// A box that survived NMS in its class.
struct Candidate {
  int label;
  int roi;
  float score;
};

// The corners of a box rounded half to even, as np.round does.
struct PixelBox {
  int x0, y0, x1, y1;

  bool empty() const { return x1 <= x0 || y1 <= y0; }
  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
};

PixelBox Rounded(const Box& b) {
  return {static_cast<int>(std::nearbyint(b.x0)),
          static_cast<int>(std::nearbyint(b.y0)),
          static_cast<int>(std::nearbyint(b.x1)),
          static_cast<int>(std::nearbyint(b.y1))};
}

// Survivors of NMS of one class, best first. Boxes that can be neither voted
// for nor returned are left out beforehand, which changes nothing: a box is
// suppressed by better ones only, and the limit cuts off the worst.
std::vector<Candidate> ClassCandidates(const RoiPredictions& p, int label,
                                       const PostprocessConfig& config) {
  const int64_t classes = p.class_probs.dim(1);
  const float* column = p.class_probs.data<float>() + label;
  const float score_thresh = static_cast<float>(config.score_thresh());
  const float least = static_cast<float>(config.min_vote_score());
  std::vector<int> rois;
  std::vector<float> scores;
  for (size_t r = 0; r < p.boxes.size(); ++r) {
    const float score = column[r * classes];
    if (score > score_thresh && score >= least) {
      rois.push_back(static_cast<int>(r));
      scores.push_back(score);
    }
  }
  std::vector<int> order = OrderByScore(scores);
  for (int& i : order) i = rois[i];
  const int limit = config.voting_rule() == PostprocessConfig::CHAINERCV
                        ? -1
                        : config.max_detections();
  std::vector<Candidate> kept;
  const float nms_thresh = static_cast<float>(config.nms_thresh());
  for (const int r : Nms(p.boxes, order, nms_thresh, limit)) {
    kept.push_back({label, r, column[r * classes]});
  }
  return kept;
}

// Drops candidates below the max_detections-th best of all classes; equals of
// that one stay. With fewer candidates than that all stay: those left out
// before count less than the least score anyway.
void KeepBest(int most, std::vector<Candidate>* candidates) {
  if (static_cast<int>(candidates->size()) <= most) return;
  std::vector<float> scores;
  for (const Candidate& c : *candidates) scores.push_back(c.score);
  std::nth_element(scores.begin(), scores.begin() + most - 1, scores.end(),
                   std::greater<float>());
  const float least = scores[most - 1];
  candidates->erase(
      std::remove_if(candidates->begin(), candidates->end(),
                     [least](const Candidate& c) { return c.score < least; }),
      candidates->end());
}

// Adds the weight wherever the mask of `roi`, resized to its box, reaches the
// threshold. `sum` covers `area`.
void AddMask(const RoiPredictions& p, int roi, const PixelBox& box,
             double weight, float thresh, const PixelBox& area, double* sum) {
  const int m = static_cast<int>(p.mask_probs.dim(1));
  const int h = box.height();
  const int w = box.width();
  std::vector<float> resized(static_cast<size_t>(h) * w);
  ResizeBilinear(p.mask_probs.data<float>() + int64_t{roi} * m * m, m, m,
                 resized.data(), h, w);
  for (int y = 0; y < h; ++y) {
    const float* in = &resized[static_cast<size_t>(y) * w];
    double* out = sum +
                  static_cast<int64_t>(box.y0 - area.y0 + y) * area.width() +
                  (box.x0 - area.x0);
    for (int x = 0; x < w; ++x) out[x] += in[x] >= thresh ? weight : 0.0;
  }
}

// Where the sum reaches the threshold, in coordinates of the sum.
PixelBox Extent(const std::vector<double>& sum, int width, int height,
                double thresh) {
  PixelBox box = {width, height, 0, 0};
  for (int y = 0; y < height; ++y) {
    const double* row = &sum[static_cast<size_t>(y) * width];
    int first = 0;
    while (first < width && !(row[first] >= thresh)) ++first;
    if (first == width) continue;
    int last = width - 1;
    while (!(row[last] >= thresh)) --last;
    box = {std::min(box.x0, first), std::min(box.y0, y),
           std::max(box.x1, last + 1), y + 1};
  }
  return box;
}

// The vote for one candidate.
absl::optional<Detection> Vote(const RoiPredictions& p, const Candidate& c,
                               const PostprocessConfig& config) {
  const int64_t classes = p.class_probs.dim(1);
  const float merge = static_cast<float>(config.mask_merge_thresh());
  std::vector<int> voters;
  std::vector<float> weights;
  for (size_t r = 0; r < p.boxes.size(); ++r) {
    if (IoU(p.boxes[r], p.boxes[c.roi]) >= merge) {
      voters.push_back(static_cast<int>(r));
      weights.push_back(p.class_probs.data<float>()[r * classes + c.label]);
    }
  }
  const float total = PairwiseSum(weights.data(), weights.size());
  for (float& w : weights) w /= total;
  const absl::optional<VotedMask> voted =
      AggregateMasks(p, voters, weights, config);
  if (!voted.has_value()) return absl::nullopt;

  const int m = static_cast<int>(p.mask_probs.dim(1));
  const std::vector<float> crop(voted->sum.begin(), voted->sum.end());
  Detection detection;
  detection.label = c.label;
  detection.score = c.score;
  detection.box = voted->box;
  detection.mask = Tensor(Shape{m, m});
  ResizeBilinear(crop.data(), static_cast<int>(voted->box.height()),
                 static_cast<int>(voted->box.width()),
                 detection.mask.mutable_data<float>(), m, m);
  if (config.voting_rule() == PostprocessConfig::CHAINERCV) {
    for (float& v : detection.mask.mutable_span<float>()) {
      v = Clamp(v, 0.0f, 1.0f);
    }
  }
  return detection;
}

}  // namespace

absl::optional<VotedMask> AggregateMasks(const RoiPredictions& predictions,
                                         absl::Span<const int> rois,
                                         absl::Span<const float> weights,
                                         const PostprocessConfig& config) {
  // Outside the union of the boxes the sum is 0.
  PixelBox area = {predictions.width, predictions.height, 0, 0};
  for (const int r : rois) {
    const PixelBox b = Rounded(predictions.boxes[r]);
    if (b.empty()) continue;
    area = {std::min(area.x0, b.x0), std::min(area.y0, b.y0),
            std::max(area.x1, b.x1), std::max(area.y1, b.y1)};
  }
  if (area.empty()) return absl::nullopt;
  std::vector<double> sum(static_cast<size_t>(area.width()) * area.height());
  for (size_t i = 0; i < rois.size(); ++i) {
    const PixelBox b = Rounded(predictions.boxes[rois[i]]);
    if (b.empty()) continue;
    AddMask(predictions, rois[i], b, weights[i],
            static_cast<float>(config.binary_thresh()), area, sum.data());
  }
  const PixelBox inner =
      Extent(sum, area.width(), area.height(), config.binary_thresh());
  if (inner.empty()) return absl::nullopt;

  VotedMask voted;
  voted.box = {static_cast<float>(area.x0 + inner.x0),
               static_cast<float>(area.y0 + inner.y0),
               static_cast<float>(area.x0 + inner.x1),
               static_cast<float>(area.y0 + inner.y1)};
  voted.sum.reserve(static_cast<size_t>(inner.width()) * inner.height());
  for (int y = inner.y0; y < inner.y1; ++y) {
    const double* row = &sum[static_cast<size_t>(y) * area.width()];
    voted.sum.insert(voted.sum.end(), row + inner.x0, row + inner.x1);
  }
  return voted;
}

std::vector<Detection> MaskVoting(const RoiPredictions& predictions,
                                  const PostprocessConfig& config) {
  if (predictions.boxes.empty()) return {};
  const int classes = static_cast<int>(predictions.class_probs.dim(1));
  std::vector<std::vector<Candidate>> by_class(classes);
  ParallelFor(classes - 1, 4, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      by_class[k + 1] =
          ClassCandidates(predictions, static_cast<int>(k + 1), config);
    }
  });
  std::vector<Candidate> candidates;
  for (const auto& some : by_class) {
    candidates.insert(candidates.end(), some.begin(), some.end());
  }
  KeepBest(config.max_detections(), &candidates);

  std::vector<absl::optional<Detection>> voted(candidates.size());
  ParallelFor(candidates.size(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      voted[i] = Vote(predictions, candidates[i], config);
    }
  });
  std::vector<Detection> detections;
  for (absl::optional<Detection>& d : voted) {
    if (d.has_value()) detections.push_back(*std::move(d));
  }
  return detections;
}

std::vector<Detection> BestClassPerRoi(const RoiPredictions& predictions,
                                       float score_thresh) {
  const int64_t classes = predictions.class_probs.dim(1);
  const int64_t m = predictions.mask_probs.dim(1);
  std::vector<Detection> detections;
  for (size_t r = 0; r < predictions.boxes.size(); ++r) {
    const float* row = predictions.class_probs.data<float>() + r * classes;
    const float* best = std::max_element(row, row + classes);
    if (best == row || !(*best > score_thresh)) continue;
    Detection d;
    d.label = static_cast<int>(best - row);
    d.score = *best;
    d.box = predictions.boxes[r];
    d.mask = Tensor::FromSpan<float>(
        {m, m}, predictions.mask_probs.span<float>().subspan(r * m * m, m * m));
    detections.push_back(std::move(d));
  }
  return detections;
}

}  // namespace fcis
