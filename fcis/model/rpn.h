// Region proposal network (Faster R-CNN, section 3.1; chainercv
// region_proposal_network.py): where in the picture there may be an instance.
#ifndef FCIS_MODEL_RPN_H_
#define FCIS_MODEL_RPN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/stage_observer.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

class Rpn {
 public:
  struct Output {
    // Feature maps of the backend's.
    Tensor scores;  // f32 [1,h,w,2A]: anchor * 2 + {0 background, 1 foreground}
    Tensor deltas;  // f32 [1,h,w,4A]: anchor * 4 + {dy, dx, dh, dw}
  };

  static absl::StatusOr<Rpn> Create(const Weights& weights, Backend* backend);

  absl::StatusOr<Output> Run(const Tensor& res4,
                             const StageObserver& observer) const;

  // At most post_nms boxes in prepared pixels, best first; may be empty. As
  // ProposeParamsOf and ops::Propose, of one picture.
  absl::StatusOr<std::vector<Box>> Propose(const Output& output, int height,
                                           int width, double scale) const;

 private:
  Backend* backend_ = nullptr;
  RpnConfig config_;
  std::unique_ptr<PreparedConv> conv_, score_, delta_;
};

// The anchors of a map of height x width pixels, in the order of the maps'
// channels: y, x, anchor.
std::vector<Box> AnchorsOf(const RpnConfig& config, int64_t height,
                           int64_t width);

// height x width: the prepared picture; `scale`: prepared / original size, for
// the least side (RpnConfig.min_size_ratio says of which sides).
ProposeParams ProposeParamsOf(const RpnConfig& config, int height, int width,
                              double scale);

}  // namespace fcis

#endif  // FCIS_MODEL_RPN_H_
