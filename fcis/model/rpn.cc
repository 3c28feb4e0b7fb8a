#include "fcis/model/rpn.h"

#include <string>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/propose.h"
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
  ASSIGN_OR_RETURN(output.scores, ops::Conv(*backend_, *score_, hidden));
  ASSIGN_OR_RETURN(output.deltas, ops::Conv(*backend_, *delta_, hidden));
  if (observer) {
    ASSIGN_OR_RETURN(const Tensor scores, backend_->ToHost(output.scores));
    ASSIGN_OR_RETURN(const Tensor deltas, backend_->ToHost(output.deltas));
    const int64_t anchors = deltas.num_elements() / 4;
    observer("rpn_scores", scores.Reshaped({anchors, 2}));
    observer("rpn_locs", deltas.Reshaped({anchors, 4}));
  }
  return output;
}

absl::StatusOr<std::vector<Box>> Rpn::Propose(const Output& output, int height,
                                              int width, double scale) const {
  return ops::Propose(*backend_, ProposeParamsOf(config_, height, width, scale),
                      output.scores, output.deltas);
}

std::vector<Box> AnchorsOf(const RpnConfig& config, int64_t height,
                           int64_t width) {
  return ShiftedAnchors(
      AnchorBase(config.base_size(), config.ratios(), config.scales()),
      kFeatureStride, static_cast<int>(height), static_cast<int>(width));
}

ProposeParams ProposeParamsOf(const RpnConfig& config, int height, int width,
                              double scale) {
  ProposeParams params;
  params.select.pre_nms = config.pre_nms();
  params.select.post_nms = config.post_nms();
  params.select.nms_thresh = config.nms_thresh();
  params.select.min_side = static_cast<float>(config.min_size() * scale);
  params.anchor_base =
      AnchorBase(config.base_size(), config.ratios(), config.scales());
  params.stride = kFeatureStride;
  params.height = static_cast<float>(height);
  params.width = static_cast<float>(width);
  return params;
}

}  // namespace fcis
