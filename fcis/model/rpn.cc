#include "fcis/model/rpn.h"

#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/model/topology.h"

namespace fcis::model {

absl::Status ObserveRpn(const StageObserver& observer, const RpnMaps& maps,
                        kernels::Backend* backend) {
  if (!observer) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Tensor scores, backend->ToHost(maps.scores));
  ASSIGN_OR_RETURN(const Tensor deltas, backend->ToHost(maps.deltas));
  const int64_t anchors = deltas.num_elements() / 4;
  observer("rpn_scores", scores.Reshaped({anchors, 2}));
  observer("rpn_locs", deltas.Reshaped({anchors, 4}));
  return absl::OkStatus();
}

std::vector<Box> AnchorsOf(const RpnConfig& config, int64_t height,
                           int64_t width) {
  const RecycledVector<Box> anchors = ShiftedAnchors(
      AnchorBase(config.base_size(), config.ratios(), config.scales()),
      kFeatureStride, static_cast<int>(height), static_cast<int>(width));
  return {anchors.begin(), anchors.end()};
}

kernels::ProposeParams ProposeParamsOf(const RpnConfig& config, int height,
                                       int width, double scale) {
  kernels::ProposeParams params;
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

}  // namespace fcis::model
