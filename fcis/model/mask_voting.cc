#include "fcis/model/mask_voting.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/types/optional.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/core/image/resize.h"
#include "fcis/model/mask_aggregation.h"

namespace fcis {
namespace {

// A box that survived NMS in its class.
struct Candidate {
  int label;
  int roi;
  float score;
};

bool IsChainercv(const PostprocessConfig& config) {
  return config.voting_rule() == PostprocessConfig::CHAINERCV;
}

// The reference suppresses over all RoIs, cuts at the max_detections-th best
// score of what it kept, and drops at the end what does not pass the score
// thresholds. Dropping first gives the same instances:
// - Whether a box is suppressed depends on better ones only, and the limit cuts
//   off the worst: the kept boxes that pass are the same with and without the
//   others.
// - Let n of the kept boxes pass. If n >= max_detections, the best
//   max_detections are among them and give the same cut. Otherwise the
//   reference's cut is the score of a box that does not pass, or of the last of
//   the n, or a threshold: all n pass it, as they do here.
bool PassesThresholds(float score, const PostprocessConfig& config) {
  const float score_thresh = static_cast<float>(config.score_thresh());
  if (IsChainercv(config)) return score >= score_thresh;
  return score > score_thresh &&
         score >= static_cast<float>(config.min_vote_score());
}

// Survivors of NMS of one class, best first.
std::vector<Candidate> ClassCandidates(const RoiPredictions& p, int label,
                                       const PostprocessConfig& config) {
  const int64_t classes = p.class_probs.dim(1);
  const float* column = p.class_probs.data<float>() + label;
  std::vector<int> rois;
  std::vector<float> scores;
  for (size_t r = 0; r < p.boxes.size(); ++r) {
    const float score = column[r * classes];
    if (PassesThresholds(score, config)) {
      rois.push_back(static_cast<int>(r));
      scores.push_back(score);
    }
  }
  std::vector<int> order = OrderByScore(scores);
  for (int& i : order) i = rois[i];
  const int limit = IsChainercv(config) ? -1 : config.max_detections();
  std::vector<Candidate> kept;
  const float nms_thresh = static_cast<float>(config.nms_thresh());
  for (const int r : Nms(p.boxes, order, nms_thresh, limit)) {
    kept.push_back({label, r, column[r * classes]});
  }
  return kept;
}

// Drops candidates below the max_detections-th best of all classes; equals of
// that one stay.
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

// All RoIs that overlap the candidate, itself among them, weighted by their
// probability of its class.
std::vector<MaskVote> Votes(const RoiPredictions& p, const Candidate& c,
                            const PostprocessConfig& config) {
  const int64_t classes = p.class_probs.dim(1);
  const float merge = static_cast<float>(config.mask_merge_thresh());
  std::vector<int> rois;
  std::vector<float> weights;
  for (size_t r = 0; r < p.boxes.size(); ++r) {
    // NaN, from empty boxes, does not pass.
    if (IoU(p.boxes[r], p.boxes[c.roi]) >= merge) {
      rois.push_back(static_cast<int>(r));
      weights.push_back(p.class_probs.data<float>()[r * classes + c.label]);
    }
  }
  const float total = PairwiseSum(weights.data(), weights.size());
  std::vector<MaskVote> votes;
  for (size_t i = 0; i < rois.size(); ++i) {
    votes.push_back({rois[i], weights[i] / total});
  }
  return votes;
}

// The vote for one candidate; none when no pixel gets enough of it.
template <typename Sum>
absl::optional<Detection> Vote(const RoiPredictions& p, const Candidate& c,
                               const PostprocessConfig& config) {
  const auto voted = AggregateMasks<Sum>(
      p.boxes, p.mask_probs, Votes(p, c, config), config.binary_thresh());
  if (!voted.has_value()) return absl::nullopt;
  const int m = static_cast<int>(p.mask_probs.dim(1));
  const std::vector<float> crop(voted->sums.begin(), voted->sums.end());
  Detection detection;
  detection.label = c.label;
  detection.score = c.score;
  detection.box = ToBox(voted->box);
  detection.mask = Tensor(Shape{m, m});
  ResizeBilinear(crop.data(), voted->box.height(), voted->box.width(),
                 detection.mask.mutable_data<float>(), m, m);
  if (IsChainercv(config)) {
    for (float& v : detection.mask.mutable_span<float>()) {
      v = Clamp(v, 0.0f, 1.0f);
    }
  }
  return detection;
}

}  // namespace

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
      voted[i] = IsChainercv(config)
                     ? Vote<float>(predictions, candidates[i], config)
                     : Vote<double>(predictions, candidates[i], config);
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
