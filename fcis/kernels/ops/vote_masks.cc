#include "fcis/kernels/ops/vote_masks.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/core/image/resize.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/ops/mask_aggregation.h"

namespace fcis::kernels {
namespace {

// A box that survived NMS in its class.
struct Candidate {
  int label;
  int roi;
  float score;
};

class HostVoting {
 public:
  HostVoting(const VoteParams& params, const Tensor& rois,
             const Tensor& class_probs, const Tensor& mask_probs)
      : params_(params),
        classes_(class_probs.dim(1)),
        probs_(class_probs.data<float>()),
        masks_(mask_probs) {
    for (const Box& roi : BoxesOfRows(rois)) {
      takes_part_.push_back(TakesPart(params, roi));
      boxes_.push_back(VotingBox(params, roi));
    }
  }

  // All survivors of all classes.
  RecycledVector<Candidate> Candidates() const;

  // The vote for one candidate; none when no pixel gets enough of it.
  absl::optional<VotedInstance> Vote(const Candidate& c) const {
    return params_.rule == VotingRule::kChainercv ? VoteOf<float>(c)
                                                  : VoteOf<double>(c);
  }

 private:
  float Score(int roi, int label) const {
    return probs_[roi * classes_ + label];
  }
  RecycledVector<Candidate> ClassCandidates(int label) const;
  RecycledVector<MaskVote> Votes(const Candidate& c) const;
  template <typename Sum>
  absl::optional<VotedInstance> VoteOf(const Candidate& c) const;

  const VoteParams& params_;
  const int64_t classes_;
  const float* const probs_;
  const Tensor& masks_;
  RecycledVector<char> takes_part_;
  RecycledVector<Box> boxes_;
};

// Survivors of NMS of one class, best first.
RecycledVector<Candidate> HostVoting::ClassCandidates(int label) const {
  RecycledVector<int> rois;
  RecycledVector<float> scores;
  for (int r = 0; r < static_cast<int>(boxes_.size()); ++r) {
    const float score = Score(r, label);
    if (PassesThresholds(params_, score) && takes_part_[r]) {
      rois.push_back(r);
      scores.push_back(score);
    }
  }
  RecycledVector<int> order = OrderByScore(scores);
  for (int& i : order) i = rois[i];
  RecycledVector<Candidate> kept;
  for (const int r :
       Nms(boxes_, order, params_.nms_thresh, SurvivorsPerClass(params_))) {
    kept.push_back({label, r, Score(r, label)});
  }
  return kept;
}

RecycledVector<Candidate> HostVoting::Candidates() const {
  RecycledVector<RecycledVector<Candidate>> by_class(classes_);
  ParallelFor(classes_ - 1, 4, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      by_class[k + 1] = ClassCandidates(static_cast<int>(k + 1));
    }
  });
  RecycledVector<Candidate> candidates;
  for (const auto& some : by_class) {
    candidates.insert(candidates.end(), some.begin(), some.end());
  }
  return candidates;
}

// All RoIs that overlap the candidate, itself among them, weighted by their
// probability of its class.
RecycledVector<MaskVote> HostVoting::Votes(const Candidate& c) const {
  RecycledVector<int> rois;
  RecycledVector<float> weights;
  for (int r = 0; r < static_cast<int>(boxes_.size()); ++r) {
    // NaN, from empty boxes, does not pass.
    if (takes_part_[r] &&
        IoU(boxes_[r], boxes_[c.roi]) >= params_.mask_merge_thresh) {
      rois.push_back(r);
      weights.push_back(Score(r, c.label));
    }
  }
  const float total = PairwiseSum(weights.data(), weights.size());
  RecycledVector<MaskVote> votes;
  for (size_t i = 0; i < rois.size(); ++i) {
    votes.push_back({rois[i], weights[i] / total});
  }
  return votes;
}

template <typename Sum>
absl::optional<VotedInstance> HostVoting::VoteOf(const Candidate& c) const {
  const auto voted =
      AggregateMasks<Sum>(boxes_, masks_, Votes(c), params_.binary_thresh);
  if (!voted.has_value()) return absl::nullopt;
  const int m = static_cast<int>(masks_.dim(1));
  const RecycledVector<float> crop(voted->sums.begin(), voted->sums.end());
  Tensor mask(Shape{m, m});
  ResizeBilinear(crop.data(), voted->box.height(), voted->box.width(),
                 mask.mutable_data<float>(), m, m);
  if (params_.rule == VotingRule::kChainercv) {
    for (float& v : mask.mutable_span<float>()) v = Clamp(v, 0.0f, 1.0f);
  }
  return VotedInstance{c.label, c.score, voted->box, mask};
}

// Drops candidates below the max_detections-th best of all classes; equals of
// that one stay.
void KeepBest(int most, RecycledVector<Candidate>* candidates) {
  if (static_cast<int>(candidates->size()) <= most) return;
  RecycledVector<float> scores;
  for (const Candidate& c : *candidates) scores.push_back(c.score);
  std::nth_element(scores.begin(), scores.begin() + most - 1, scores.end(),
                   std::greater<float>());
  const float least = scores[most - 1];
  candidates->erase(
      std::remove_if(candidates->begin(), candidates->end(),
                     [least](const Candidate& c) { return c.score < least; }),
      candidates->end());
}

absl::Status CheckTensors(const Tensor& rois, const Tensor& class_probs,
                          const Tensor& mask_probs) {
  const Shape &r = rois.shape(), &c = class_probs.shape(),
              &m = mask_probs.shape();
  const bool f32 = rois.type() == DType::kF32 &&
                   class_probs.type() == DType::kF32 &&
                   mask_probs.type() == DType::kF32;
  if (f32 && r.rank() == 2 && c.rank() == 2 && m.rank() == 3 && r.dim(1) == 4 &&
      c.dim(0) == r.dim(0) && m.dim(0) == r.dim(0) && c.dim(1) >= 1 &&
      m.dim(1) >= 1 && m.dim(2) == m.dim(1)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "vote_masks: rois ", DTypeName(rois.type()), " ", r.ToString(),
      ", class_probs ", DTypeName(class_probs.type()), " ", c.ToString(),
      ", mask_probs ", DTypeName(mask_probs.type()), " ", m.ToString(),
      ", expected f32 [n,4], f32 [n,C] and f32 [n,m,m]"));
}

}  // namespace

namespace ops {

absl::StatusOr<RecycledVector<VotedInstance>> VoteMasks(
    Backend& backend, const VoteParams& params, const Tensor& rois,
    const Tensor& class_probs, const Tensor& mask_probs) {
  if (params.max_detections < 1 || !(params.scale > 0) || params.height < 1 ||
      params.width < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("vote_masks: max_detections ", params.max_detections,
                     ", scale ", params.scale, ", picture ", params.height, "x",
                     params.width, ": expected all > 0"));
  }
  RETURN_IF_ERROR(CheckTensors(rois, class_probs, mask_probs));
  if (rois.dim(0) == 0) return RecycledVector<VotedInstance>();
  ASSIGN_OR_RETURN(const Tensor host_rois, backend.ToHost(rois));
  ASSIGN_OR_RETURN(const Tensor host_classes, backend.ToHost(class_probs));
  ASSIGN_OR_RETURN(const Tensor host_masks, backend.ToHost(mask_probs));
  return VoteMasksOnHost(params, host_rois, host_classes, host_masks);
}

}  // namespace ops

RecycledVector<VotedInstance> VoteMasksOnHost(const VoteParams& params,
                                              const Tensor& rois,
                                              const Tensor& class_probs,
                                              const Tensor& mask_probs) {
  const HostVoting voting(params, rois, class_probs, mask_probs);
  RecycledVector<Candidate> candidates = voting.Candidates();
  KeepBest(params.max_detections, &candidates);
  RecycledVector<absl::optional<VotedInstance>> voted(candidates.size());
  ParallelFor(candidates.size(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) voted[i] = voting.Vote(candidates[i]);
  });
  RecycledVector<VotedInstance> instances;
  for (absl::optional<VotedInstance>& v : voted) {
    if (v.has_value()) instances.push_back(*std::move(v));
  }
  return instances;
}

}  // namespace fcis::kernels
