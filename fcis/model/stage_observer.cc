#include "fcis/model/stage_observer.h"

#include <algorithm>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::model {

absl::Status ObserveMap(const StageObserver& observer, absl::string_view name,
                        const Tensor& map, kernels::Backend* backend) {
  if (!observer) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Tensor host, backend->ToHost(map));
  observer(name, NhwcToNchw(kernels::AsF32(host)));
  return absl::OkStatus();
}

absl::Status ObserveBinMaps(const StageObserver& observer,
                            absl::string_view name, const Tensor& maps,
                            int group_size, kernels::Backend* backend) {
  if (!observer) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Tensor host, backend->ToHost(maps));
  const Tensor ours = NhwcToNchw(kernels::AsF32(host));
  Tensor theirs(ours.shape());
  const int64_t plane = ours.dim(2) * ours.dim(3);
  const int depth =
      static_cast<int>(ours.dim(1) / (int64_t{group_size} * group_size));
  for (int gh = 0; gh < group_size; ++gh) {
    for (int gw = 0; gw < group_size; ++gw) {
      for (int d = 0; d < depth; ++d) {
        const float* from =
            ours.data<float>() +
            plane * kernels::PsroiChannel(group_size, depth, gh, gw, d);
        std::copy(
            from, from + plane,
            theirs.mutable_data<float>() +
                plane * kernels::PsroiReferenceChannel(group_size, gh, gw, d));
      }
    }
  }
  observer(name, theirs);
  return absl::OkStatus();
}

void ObserveCells(const StageObserver& observer, absl::string_view name,
                  const Tensor& cells) {
  if (observer) observer(name, NhwcToNchw(cells));
}

void ObserveBoxes(const StageObserver& observer, absl::string_view name,
                  absl::Span<const Box> boxes) {
  if (!observer) return;
  Tensor rows(Shape{static_cast<int64_t>(boxes.size()), 4});
  float* v = rows.mutable_data<float>();
  for (const Box& b : boxes) {
    for (const float c : {b.y0, b.x0, b.y1, b.x1}) *v++ = c;
  }
  observer(name, rows);
}

}  // namespace fcis::model
