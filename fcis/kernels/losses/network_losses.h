// The losses of one picture and the gradients of what the network says: of the
// RPN's maps, and of what is pooled for the sampled RoIs: what TrainBackend's
// RpnLoss and HeadLoss take, give and share. They are computed by the bodies of
// fcis/kernels/bodies/loss_bodies.h.
#ifndef FCIS_KERNELS_LOSSES_NETWORK_LOSSES_H_
#define FCIS_KERNELS_LOSSES_NETWORK_LOSSES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

// Elements of a picture's terms, f64 [kNumLossTerms]: means, without the terms'
// weights.
enum LossTerm {
  kRpnLocTerm,
  kRpnClsTerm,
  kRpnAccTerm,  // share of the anchors that are not ignored
  kFcisLocTerm,
  kFcisClsTerm,
  kFcisMaskTerm,
  kFcisClsAccTerm,      // share of RoIs
  kFcisFgAccTerm,       // share of foreground RoIs
  kForegroundRoisTerm,  // how many train
  kNumLossTerms,
};

struct RpnLossParams {
  float sigma = 3;  // of smooth L1
  // Factors of the gradients.
  float loc_factor = 1, cls_factor = 1;
};

// All in the backend's memory. n anchors.
struct RpnLossArrays {
  Tensor scores, deltas;    // f32, of 2n and 4n elements (Rpn::Output)
  Tensor labels;            // i32 [n]: 1 object, 0 background, -1 ignored
  Tensor targets;           // f32 [n,4]
  Tensor gscores, gdeltas;  // f32, as scores and deltas; are written
};

struct HeadLossParams {
  float sigma = 1;  // of smooth L1
  // Of the terms; gradients are those of the weighted terms, times
  // gradient_weight.
  float loc_weight = 1, cls_weight = 1, mask_weight = 1;
  float gradient_weight = 1;
  // The mask term is divided by the cells of all RoIs that train, not by those
  // of the foreground.
  bool mask_over_all_rois = false;
  // > 0: only the hardest RoIs train, at most so many.
  int ohem_rois = 0;
};

// All in the backend's memory. R >= 0 RoIs.
struct HeadLossArrays {
  Tensor scores;  // f32 [R,C], class 0 is the background
  // f32 [R,8]: background's box, foreground's, which is the one that trains.
  Tensor means;
  Tensor pairs;    // f32 [R,P,P,2]: outside, inside, of the label's class
  Tensor targets;  // f32 [R,4]
  // i32 [R] and i8 [R,P,P] (1, 0, -1: ignored). A RoI that OHEM lets go becomes
  // -1 in both.
  Tensor labels, masks;
  // Are written: f32 as scores, means and pairs, and i32 [R]: the label, -1
  // where it is not positive.
  Tensor gscores, gmeans, gpairs, own_class;
};

// Where the box that trains stands in a row of means.
constexpr int64_t kForegroundBox = 4;

// Factor from the mean over the cells that count to what
// HeadLossParams::mask_over_all_rois asks for. cells: of a RoI's mask.
FCIS_HD inline float MaskShare(const HeadLossParams& params, int64_t cells,
                               int64_t counted_cells, int64_t counted_rois) {
  if (!params.mask_over_all_rois || counted_rois == 0) return 1;
  return static_cast<float>(
      static_cast<double>(counted_cells) /
      (static_cast<double>(cells) * static_cast<double>(counted_rois)));
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_LOSSES_NETWORK_LOSSES_H_
