// The FCIS head (FCIS, section 3; chainer-fcis FCISResNet101Head): inside /
// outside score maps for every class, pooled per RoI, give class, box and mask
// at once.
#ifndef FCIS_MODEL_FCIS_HEAD_H_
#define FCIS_MODEL_FCIS_HEAD_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/ops/refine_boxes.h"
#include "fcis/model/stage_observer.h"

namespace fcis::model {

kernels::PsroiParams PsroiParamsOf(const HeadConfig& config);

// Slots of the box maps: background, foreground; the second one refines.
constexpr int kBoxSlots = 2;

class FcisHead {
 public:
  // Outputs of the network (kScoreMaps, kBoxMaps) of one picture.
  struct Maps {
    Tensor scores, boxes;
  };
  // R rows, one per RoI: the given ones, then (iter2) the refined ones. In host
  // memory.
  struct Output {
    Tensor rois;         // f32 [R,4], Box, prepared pixels
    Tensor class_probs;  // f32 [R,C], class 0 is the background
    Tensor classes;      // i32 [R], the best ones, the background among them
  };

  // `backend` outlives the head.
  FcisHead(const HeadConfig& config, kernels::Backend* backend);

  // rois: 1 or more boxes in prepared pixels; height x width: the prepared
  // picture, to which refined boxes are clipped (they may end up empty).
  absl::StatusOr<Output> Pool(const Maps& maps, absl::Span<const Box> rois,
                              int height, int width, bool iter2,
                              const StageObserver& observer) const;

  // The mask probabilities of k >= 1 of the RoIs, given by index, each of its
  // best class -> f32 [k,P,P] where the backend computes. maps, output: Pool's.
  absl::StatusOr<Tensor> Masks(const Maps& maps, const Output& output,
                               absl::Span<const int> some) const;

 private:
  // Shows what was pooled. scores: the class logits.
  absl::Status Observe(const Maps& maps, const Output& output,
                       const Tensor& scores, bool iter2,
                       const StageObserver& observer) const;
  // Of one picture's maps.
  absl::StatusOr<Tensor> PoolAs(kernels::PsroiForm form, const Tensor& maps,
                                const Tensor& rois,
                                const Tensor& classes = Tensor()) const;
  // Shows the pooled cells of one iteration, which nothing else needs.
  absl::Status ObserveCellsOf(const Maps& maps, const Tensor& rois,
                              absl::string_view iteration,
                              const StageObserver& observer) const;

  kernels::Backend* backend_;
  kernels::PsroiParams pool_;
  kernels::RefineParams refine_;  // without the picture's size
};

}  // namespace fcis::model

#endif  // FCIS_MODEL_FCIS_HEAD_H_
