// The losses of a step (network_losses.h): launches only.
#include <cstdint>

#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/loss_bodies.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/losses/ohem.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {
namespace {

struct Boxes {
  int64_t row, first;
  float sigma;
  const Tensor *boxes, *targets, *labels;
};

// What OHEM compares.
RoiOutputs RoiOutputsOf(const HeadLossParams& params, const HeadLossArrays& a) {
  RoiOutputs o;
  o.classes = static_cast<int>(a.scores.dim(1));
  o.scores = static_cast<const float*>(a.scores.raw());
  o.boxes = static_cast<const float*>(a.means.raw());
  o.box_row = a.means.dim(1);
  o.box_first = kForegroundBox;
  o.cells = a.masks.dim(1) * a.masks.dim(2);
  o.mask_pairs = static_cast<const float*>(a.pairs.raw());
  o.labels = static_cast<const int32_t*>(a.labels.raw());
  o.box_targets = static_cast<const float*>(a.targets.raw());
  o.mask_targets = static_cast<const int8_t*>(a.masks.raw());
  o.sigma = params.sigma;
  o.class_weight = params.cls_weight;
  o.box_weight = params.loc_weight;
  o.mask_weight = params.mask_weight;
  return o;
}

absl::Status KeepHardest(ComputeDevice* device, const HeadLossParams& params,
                         HeadLossArrays* a) {
  const int64_t rois = a->labels.num_elements();
  const RoiOutputs outputs = RoiOutputsOf(params, *a);
  ASSIGN_OR_RETURN(Tensor losses, device->Allocate({rois}, DType::kF64));
  RETURN_IF_ERROR(ForEach(
      device, RoiLossBody{outputs, MutableElements<double>(&losses)}, rois));
  return ForEach(device,
                 KeepHardestBody{rois, outputs.cells, params.ohem_rois,
                                 Elements<double>(losses),
                                 MutableElements<int32_t>(&a->labels),
                                 MutableElements<int8_t>(&a->masks)},
                 rois);
}

// f64 [columns]: the sums of [parts,columns] over parts.
absl::StatusOr<Tensor> SumOfParts(ComputeDevice* device,
                                  const Tensor& of_parts) {
  const int64_t parts = of_parts.dim(0), columns = of_parts.dim(1);
  ASSIGN_OR_RETURN(Tensor sums, device->Allocate({columns}, DType::kF64));
  RETURN_IF_ERROR(
      ForEach(device,
              SumOfPartsBody{parts, columns, Elements<double>(of_parts),
                             MutableElements<double>(&sums)},
              columns));
  return sums;
}

template <typename Label>
absl::StatusOr<Tensor> RowSums(ComputeDevice* device, int classes,
                               const Tensor& logits, const Tensor& labels) {
  const int64_t rows = labels.num_elements(), parts = PartsOf(rows);
  ASSIGN_OR_RETURN(Tensor of_parts,
                   device->Allocate({parts, kNumRowSums}, DType::kF64));
  RETURN_IF_ERROR(ForEach(
      device,
      CrossEntropyPartsBody<Label>{rows, classes, Elements<float>(logits),
                                   Elements<Label>(labels),
                                   MutableElements<double>(&of_parts)},
      parts));
  return SumOfParts(device, of_parts);
}

absl::StatusOr<Tensor> BoxSum(ComputeDevice* device, const Boxes& b) {
  const int64_t rows = b.labels->num_elements(), parts = PartsOf(rows);
  ASSIGN_OR_RETURN(Tensor of_parts, device->Allocate({parts, 1}, DType::kF64));
  RETURN_IF_ERROR(ForEach(
      device,
      BoxLossPartsBody{rows, b.row, b.first, b.sigma, Elements<float>(*b.boxes),
                       Elements<float>(*b.targets),
                       Elements<int32_t>(*b.labels),
                       MutableElements<double>(&of_parts)},
      parts));
  return SumOfParts(device, of_parts);
}

absl::Status BoxGradient(ComputeDevice* device, const Boxes& b,
                         const Tensor& rows, float factor, float other_factor,
                         Tensor* grad) {
  return ForEach(
      device,
      BoxGradientBody{b.row, b.first, b.sigma, Elements<float>(*b.boxes),
                      Elements<float>(*b.targets), Elements<int32_t>(*b.labels),
                      Elements<double>(rows), factor, other_factor,
                      MutableElements<float>(grad)},
      b.labels->num_elements() * b.row);
}

absl::Status ClassGradient(ComputeDevice* device, int classes,
                           const Tensor& logits, const Tensor& labels,
                           const Tensor& rows, float factor, Tensor* grad) {
  return ForEach(
      device,
      CrossEntropyGradientBody<int32_t>{
          classes, Elements<float>(logits), Elements<int32_t>(labels),
          Elements<double>(rows), factor, MutableElements<float>(grad)},
      labels.num_elements());
}

}  // namespace

absl::Status TrainBackend::RpnLoss(const RpnLossParams& params,
                                   RpnLossArrays* a, Tensor* terms) {
  const Boxes boxes = {4, 0, params.sigma, &a->deltas, &a->targets, &a->labels};
  ASSIGN_OR_RETURN(const Tensor rows,
                   RowSums<int32_t>(device_, 2, a->scores, a->labels));
  ASSIGN_OR_RETURN(const Tensor box, BoxSum(device_, boxes));
  RETURN_IF_ERROR(
      BoxGradient(device_, boxes, rows, params.loc_factor, 1, &a->gdeltas));
  RETURN_IF_ERROR(ClassGradient(device_, 2, a->scores, a->labels, rows,
                                params.cls_factor, &a->gscores));
  return ForEach(device_,
                 RpnTermsBody{Elements<double>(rows), Elements<double>(box),
                              MutableElements<double>(terms)},
                 1);
}

absl::Status TrainBackend::HeadLoss(const HeadLossParams& params,
                                    HeadLossArrays* a, Tensor* terms) {
  const int64_t rois = a->labels.num_elements();
  const int64_t cells = a->masks.dim(1) * a->masks.dim(2);
  const int classes = static_cast<int>(a->scores.dim(1));
  if (params.ohem_rois > 0) RETURN_IF_ERROR(KeepHardest(device_, params, a));
  const Boxes boxes = {a->means.dim(1), kForegroundBox, params.sigma,
                       &a->means,       &a->targets,    &a->labels};
  ASSIGN_OR_RETURN(const Tensor rows,
                   RowSums<int32_t>(device_, classes, a->scores, a->labels));
  ASSIGN_OR_RETURN(const Tensor box, BoxSum(device_, boxes));
  ASSIGN_OR_RETURN(const Tensor of_cells,
                   RowSums<int8_t>(device_, 2, a->pairs, a->masks));
  RETURN_IF_ERROR(BoxGradient(device_, boxes, rows, params.loc_weight,
                              params.gradient_weight, &a->gmeans));
  RETURN_IF_ERROR(ClassGradient(device_, classes, a->scores, a->labels, rows,
                                params.cls_weight * params.gradient_weight,
                                &a->gscores));
  RETURN_IF_ERROR(ForEach(
      device_,
      MaskGradientBody{params, cells, Elements<float>(a->pairs),
                       Elements<int8_t>(a->masks), Elements<double>(of_cells),
                       Elements<double>(rows),
                       MutableElements<float>(&a->gpairs)},
      a->masks.num_elements()));
  RETURN_IF_ERROR(ForEach(device_,
                          OwnClassBody{Elements<int32_t>(a->labels),
                                       MutableElements<int32_t>(&a->own_class)},
                          rois));
  return ForEach(
      device_,
      HeadTermsBody{params, cells, Elements<double>(rows),
                    Elements<double>(box), Elements<double>(of_cells),
                    MutableElements<double>(terms)},
      1);
}

}  // namespace fcis::kernels
