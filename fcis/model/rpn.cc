#include "fcis/model/rpn.h"

#include <string>

#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/core/geometry/proposals.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/model/resnet.h"

namespace fcis {

absl::StatusOr<Rpn> Rpn::Create(const Weights& weights, Backend* backend) {
  const auto prepare = [&](const std::string& name, const ConvParams& params) {
    return ops::PrepareConv(*backend, params, weights.tensors.at(name + "/W"),
                            weights.tensors.at(name + "/b"));
  };
  ConvParams spatial;
  spatial.pad = 1;
  spatial.relu = true;
  ConvParams linear;
  linear.f32_output = true;

  Rpn rpn;
  rpn.backend_ = backend;
  rpn.config_ = weights.config.rpn();
  ASSIGN_OR_RETURN(rpn.conv_, prepare("rpn/conv1", spatial));
  ASSIGN_OR_RETURN(rpn.score_, prepare("rpn/score", linear));
  ASSIGN_OR_RETURN(rpn.delta_, prepare("rpn/loc", linear));
  return rpn;
}

absl::StatusOr<Rpn::Output> Rpn::Run(const Tensor& res4,
                                     const StageObserver& observer) const {
  ASSIGN_OR_RETURN(const Tensor hidden, ops::Conv(*backend_, *conv_, res4));
  RETURN_IF_ERROR(ObserveMap(observer, "rpn_conv1", hidden, backend_));
  Output output;
  ASSIGN_OR_RETURN(const Tensor scores, ops::Conv(*backend_, *score_, hidden));
  ASSIGN_OR_RETURN(const Tensor deltas, ops::Conv(*backend_, *delta_, hidden));
  ASSIGN_OR_RETURN(output.scores, backend_->ToHost(scores));
  ASSIGN_OR_RETURN(output.deltas, backend_->ToHost(deltas));
  if (observer) {
    const int64_t anchors = output.deltas.num_elements() / 4;
    observer("rpn_scores", output.scores.Reshaped({anchors, 2}));
    observer("rpn_locs", output.deltas.Reshaped({anchors, 4}));
  }
  return output;
}

std::vector<Box> Rpn::Propose(const Output& output, int height, int width,
                              double scale) const {
  return ProposeBoxes(config_, output, height, width, scale);
}

std::vector<Box> AnchorsOf(const RpnConfig& config, int64_t height,
                           int64_t width) {
  return ShiftedAnchors(
      AnchorBase(config.base_size(), config.ratios(), config.scales()),
      kFeatureStride, static_cast<int>(height), static_cast<int>(width));
}

std::vector<Box> ProposeBoxes(const RpnConfig& config,
                              const Rpn::Output& output, int height, int width,
                              double scale) {
  const std::vector<Box> anchors =
      AnchorsOf(config, output.deltas.dim(1), output.deltas.dim(2));
  // Position-major with the anchor innermost: the maps' own order.
  static_assert(sizeof(BoxDelta) == 4 * sizeof(float), "a row of deltas");
  const auto* deltas =
      reinterpret_cast<const BoxDelta*>(output.deltas.data<float>());
  std::vector<float> foreground(anchors.size());
  const float* scores = output.scores.data<float>();
  for (size_t i = 0; i < anchors.size(); ++i) foreground[i] = scores[2 * i + 1];

  ProposalParams params;
  params.pre_nms = config.pre_nms();
  params.post_nms = config.post_nms();
  params.nms_thresh = config.nms_thresh();
  params.min_side = static_cast<float>(config.min_size() * scale);
  const std::vector<Box> boxes =
      DecodeProposals(anchors, absl::MakeConstSpan(deltas, anchors.size()),
                      static_cast<float>(width), static_cast<float>(height));
  std::vector<Box> rois;
  for (const int i : SelectProposals(boxes, foreground, params)) {
    rois.push_back(boxes[i]);
  }
  return rois;
}

}  // namespace fcis
