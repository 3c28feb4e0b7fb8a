// Region proposal network (Faster R-CNN, section 3.1; chainercv
// region_proposal_network.py): where in the picture there may be an instance.
#ifndef FCIS_MODEL_RPN_H_
#define FCIS_MODEL_RPN_H_

#include <vector>

#include "absl/status/status.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/ops/propose.h"
#include "fcis/model/stage_observer.h"

namespace fcis::model {

// The RPN's outputs (kRpnScores, kRpnDeltas) of a picture.
struct RpnMaps {
  Tensor scores, deltas;
};

// Shows both, as rows of an anchor.
absl::Status ObserveRpn(const StageObserver& observer, const RpnMaps& maps,
                        kernels::Backend* backend);

// The anchors of a map of height x width pixels, in the order of the maps'
// channels: y, x, anchor.
std::vector<Box> AnchorsOf(const RpnConfig& config, int64_t height,
                           int64_t width);

// height x width: the prepared picture; `scale`: prepared / original size, for
// the least side (RpnConfig.min_size_ratio says of which sides).
kernels::ProposeParams ProposeParamsOf(const RpnConfig& config, int height,
                                       int width, double scale);

}  // namespace fcis::model

#endif  // FCIS_MODEL_RPN_H_
