// Position-sensitive RoI pooling (R-FCN, section 3; FCIS, section 3), average
// over each bin, with the reference's GPU arithmetic (chainer-fcis
// functions/psroi_pooling_2d.py; shared/parity FIXTURES "PSROI pooling").
//
// Maps are [H, W, G*G*D], channel (gh*G + gw)*D + d: one pixel of one bin is
// one contiguous run. RoIs are Box in input pixels, tensor [R, 4] of
// x0, y0, x1, y1.
#ifndef FCIS_KERNELS_OPS_PSROI_POOL_H_
#define FCIS_KERNELS_OPS_PSROI_POOL_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

enum class PsroiRounding { kRoundThenScale, kRoundThenScaleInclusive, kNone };

struct PsroiParams {
  int group_size = 7;               // G
  int roi_size = 21;                // P, cells along each side of a RoI
  float spatial_scale = 1 / 16.0f;  // map pixels per input pixel
  PsroiRounding rounding = PsroiRounding::kRoundThenScale;
};

// Map pixels [start, end) that cell p of P averages along one axis, clipped to
// the map; start >= end: an empty bin, whose value is 0.
struct PsroiBin {
  int start;
  int end;
};

}  // namespace fcis

#endif  // FCIS_KERNELS_OPS_PSROI_POOL_H_
