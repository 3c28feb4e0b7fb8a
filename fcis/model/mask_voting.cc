#include "fcis/model/mask_voting.h"

#include <algorithm>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/geometry/pixel_box.h"

namespace fcis::model {

kernels::VoteParams VoteParamsOf(const PostprocessConfig& config) {
  kernels::VoteParams params;
  params.rule = config.voting_rule() == PostprocessConfig::CHAINERCV
                    ? kernels::VotingRule::kChainercv
                    : kernels::VotingRule::kChainerFcis;
  params.score_thresh = static_cast<float>(config.score_thresh());
  params.nms_thresh = static_cast<float>(config.nms_thresh());
  params.mask_merge_thresh = static_cast<float>(config.mask_merge_thresh());
  params.binary_thresh = config.binary_thresh();
  params.min_vote_score = static_cast<float>(config.min_vote_score());
  params.max_detections = config.max_detections();
  return params;
}

absl::StatusOr<std::vector<Detection>> MaskVoting(
    kernels::Backend& backend, const kernels::VoteParams& params,
    const Tensor& boxes, const Tensor& class_probs, kernels::RoiMasks masks) {
  ASSIGN_OR_RETURN(
      const RecycledVector<kernels::VotedInstance> voted,
      kernels::ops::VoteMasks(backend, params, boxes, class_probs, masks));
  std::vector<Detection> detections;
  detections.reserve(voted.size());
  for (const kernels::VotedInstance& v : voted) {
    detections.push_back({v.label, v.score, ToBox(v.box), v.mask});
  }
  return detections;
}

absl::StatusOr<std::vector<Detection>> BestClassPerRoi(
    kernels::Backend& backend, const kernels::VoteParams& params,
    const Tensor& boxes, const Tensor& class_probs, kernels::RoiMasks masks) {
  ASSIGN_OR_RETURN(const Tensor rois, backend.ToHost(boxes));
  ASSIGN_OR_RETURN(const Tensor scores, backend.ToHost(class_probs));
  const int64_t classes = scores.dim(1);
  std::vector<Detection> detections;
  std::vector<int> found;
  for (int64_t r = 0; r < rois.dim(0); ++r) {
    const Box& roi = BoxesOfRows(rois)[r];
    const float* row = scores.data<float>() + r * classes;
    const float* best = std::max_element(row, row + classes);
    if (best == row || !(*best > params.score_thresh) ||
        !kernels::TakesPart(params, roi)) {
      continue;
    }
    Detection d;
    d.label = static_cast<int>(best - row);
    d.score = *best;
    d.box = kernels::VotingBox(params, roi);
    detections.push_back(std::move(d));
    found.push_back(static_cast<int>(r));
  }
  if (found.empty()) return detections;
  ASSIGN_OR_RETURN(Tensor probs, masks(found));
  ASSIGN_OR_RETURN(probs, backend.ToHost(probs));
  const int64_t m = probs.dim(1);
  for (size_t i = 0; i < found.size(); ++i) {
    detections[i].mask = Tensor::FromSpan<float>(
        {m, m}, probs.span<float>().subspan(i * m * m, m * m));
  }
  return detections;
}

}  // namespace fcis::model
