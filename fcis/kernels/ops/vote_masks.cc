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

using Votes = RecycledVector<MaskVote>;

// Who votes for what, on the host.
class Election {
 public:
  Election(const VoteParams& params, const Tensor& rois,
           const Tensor& class_probs)
      : params_(params),
        classes_(class_probs.dim(1)),
        probs_(class_probs.data<float>()) {
    for (const Box& roi : BoxesOfRows(rois)) {
      takes_part_.push_back(TakesPart(params, roi));
      boxes_.push_back(VotingBox(params, roi));
    }
  }

  // All survivors of all classes.
  RecycledVector<Candidate> Candidates() const;
  // All RoIs that overlap the candidate, itself among them, weighted by their
  // probability of its class.
  Votes VotesFor(const Candidate& c) const;

  absl::Span<const Box> boxes() const { return boxes_; }

 private:
  float Score(int roi, int label) const {
    return probs_[roi * classes_ + label];
  }
  RecycledVector<Candidate> ClassCandidates(int label) const;

  const VoteParams& params_;
  const int64_t classes_;
  const float* const probs_;
  RecycledVector<char> takes_part_;
  RecycledVector<Box> boxes_;
};

// Survivors of NMS of one class, best first.
RecycledVector<Candidate> Election::ClassCandidates(int label) const {
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

RecycledVector<Candidate> Election::Candidates() const {
  RecycledVector<RecycledVector<Candidate>> by_class(classes_);
  ParallelForEach(classes_ - 1, 4, [&](int64_t k) {
    by_class[k + 1] = ClassCandidates(static_cast<int>(k + 1));
  });
  RecycledVector<Candidate> candidates;
  for (const auto& some : by_class) {
    candidates.insert(candidates.end(), some.begin(), some.end());
  }
  return candidates;
}

Votes Election::VotesFor(const Candidate& c) const {
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
  Votes votes;
  for (size_t i = 0; i < rois.size(); ++i) {
    votes.push_back({rois[i], weights[i] / total});
  }
  return votes;
}

// The RoIs that vote: their boxes, and their masks when they are there.
struct Voters {
  RecycledVector<int> rois;  // rising
  RecycledVector<Box> boxes;
  Tensor masks;
};

// The votes, which are of RoIs, become those of the voters.
Voters VotersOf(absl::Span<const Box> boxes, RecycledVector<Votes>* votes) {
  RecycledVector<int> place(boxes.size(), -1);
  for (const Votes& some : *votes) {
    for (const MaskVote& vote : some) place[vote.roi] = 0;
  }
  Voters voters;
  for (int r = 0; r < static_cast<int>(place.size()); ++r) {
    if (place[r] < 0) continue;
    place[r] = static_cast<int>(voters.rois.size());
    voters.rois.push_back(r);
    voters.boxes.push_back(boxes[r]);
  }
  for (Votes& some : *votes) {
    for (MaskVote& vote : some) vote.roi = place[vote.roi];
  }
  return voters;
}

// What the votes for one candidate give; none when no pixel gets enough.
template <typename Sum>
absl::optional<VotedInstance> Elect(const VoteParams& params,
                                    const Voters& voters, const Candidate& c,
                                    const Votes& votes) {
  const auto voted = AggregateMasks<Sum>(voters.boxes, voters.masks, votes,
                                         params.binary_thresh);
  if (!voted.has_value()) return absl::nullopt;
  const int m = static_cast<int>(voters.masks.dim(1));
  const RecycledVector<float> crop(voted->sums.begin(), voted->sums.end());
  Tensor mask(Shape{m, m});
  ResizeBilinear(crop.data(), voted->box.height(), voted->box.width(),
                 mask.mutable_data<float>(), m, m);
  if (params.rule == VotingRule::kChainercv) {
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

absl::Status CheckTensors(const Tensor& rois, const Tensor& class_probs) {
  const Shape &r = rois.shape(), &c = class_probs.shape();
  if (rois.type() == DType::kF32 && class_probs.type() == DType::kF32 &&
      r.rank() == 2 && c.rank() == 2 && r.dim(1) == 4 && c.dim(0) == r.dim(0) &&
      c.dim(1) >= 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "vote_masks: rois ", rois.Describe(), ", class_probs ",
      class_probs.Describe(), ", expected f32 [n,4] and f32 [n,C]"));
}

absl::Status CheckMasks(const Tensor& masks, int64_t count) {
  const Shape& m = masks.shape();
  if (masks.type() == DType::kF32 && m.rank() == 3 && m.dim(0) == count &&
      m.dim(1) >= 1 && m.dim(2) == m.dim(1)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("vote_masks: masks ", masks.Describe(), ", expected f32 [",
                   count, ",m,m]"));
}

}  // namespace

namespace ops {

absl::StatusOr<RecycledVector<VotedInstance>> VoteMasks(
    Backend& backend, const VoteParams& params, const Tensor& rois,
    const Tensor& class_probs, RoiMasks masks) {
  if (params.max_detections < 1 || !(params.scale > 0) || params.height < 1 ||
      params.width < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("vote_masks: max_detections ", params.max_detections,
                     ", scale ", params.scale, ", picture ", params.height, "x",
                     params.width, ": expected all > 0"));
  }
  RETURN_IF_ERROR(CheckTensors(rois, class_probs));
  RecycledVector<VotedInstance> instances;
  if (rois.dim(0) == 0) return instances;
  ASSIGN_OR_RETURN(const Tensor host_rois, backend.ToHost(rois));
  ASSIGN_OR_RETURN(const Tensor host_classes, backend.ToHost(class_probs));
  const Election election(params, host_rois, host_classes);
  RecycledVector<Candidate> candidates = election.Candidates();
  KeepBest(params.max_detections, &candidates);
  RecycledVector<Votes> votes(candidates.size());
  ParallelForEach(candidates.size(), 1, [&](size_t i) {
    votes[i] = election.VotesFor(candidates[i]);
  });
  Voters voters = VotersOf(election.boxes(), &votes);
  if (voters.rois.empty()) return instances;
  ASSIGN_OR_RETURN(voters.masks, masks(voters.rois));
  RETURN_IF_ERROR(CheckMasks(voters.masks, voters.rois.size()));
  ASSIGN_OR_RETURN(voters.masks, backend.ToHost(voters.masks));
  RecycledVector<absl::optional<VotedInstance>> voted(candidates.size());
  const auto elect =
      params.rule == VotingRule::kChainercv ? Elect<float> : Elect<double>;
  ParallelForEach(candidates.size(), 1, [&](size_t i) {
    voted[i] = elect(params, voters, candidates[i], votes[i]);
  });
  for (absl::optional<VotedInstance>& v : voted) {
    if (v.has_value()) instances.push_back(*std::move(v));
  }
  return instances;
}

}  // namespace ops
}  // namespace fcis::kernels
