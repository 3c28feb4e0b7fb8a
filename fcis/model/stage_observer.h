// StageObserver: a look at every intermediate tensor of a detection, under the
// names and in the layout of the parity fixtures (NCHW, the reference's channel
// order, boxes as y1, x1, y2, x2).
#ifndef FCIS_MODEL_STAGE_OBSERVER_H_
#define FCIS_MODEL_STAGE_OBSERVER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"

namespace fcis::model {

// Not set: nothing is converted and no time is spent.
using StageObserver =
    std::function<void(absl::string_view name, const Tensor& tensor)>;

// Shows a feature map [1,H,W,C] of the backend's, of either type, as f32
// [1,C,H,W]; one of group_size^2 bins in the reference's channel order. 0: it
// has no bins.
absl::Status ObserveMap(const StageObserver& observer, absl::string_view name,
                        const Tensor& map, kernels::Backend* backend,
                        int group_size = 0);

// Shows pooled cells [R,P,P,D] as [R,D,P,P].
void ObserveCells(const StageObserver& observer, absl::string_view name,
                  const Tensor& cells);

// Shows boxes as rows y1, x1, y2, x2.
void ObserveBoxes(const StageObserver& observer, absl::string_view name,
                  absl::Span<const Box> boxes);

}  // namespace fcis::model

#endif  // FCIS_MODEL_STAGE_OBSERVER_H_
