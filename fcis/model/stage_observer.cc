#include "fcis/model/stage_observer.h"

#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/model/bin_major.h"

namespace fcis::model {

absl::Status ObserveMap(const StageObserver& observer, absl::string_view name,
                        const Tensor& map, kernels::Backend* backend,
                        int group_size) {
  if (!observer) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Tensor host, backend->ToHost(map));
  Tensor shown = NhwcToNchw(kernels::AsF32(host));
  if (group_size > 0) {
    const Shape whole = shown.shape();
    shown = ReferenceRows(
                shown.Reshaped({whole.dim(1), whole.dim(2), whole.dim(3)}),
                group_size)
                .Reshaped(whole);
  }
  observer(name, shown);
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
