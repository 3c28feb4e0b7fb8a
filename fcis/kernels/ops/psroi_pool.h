// Position-sensitive RoI pooling (R-FCN, section 3; FCIS, section 3), average
// over each bin, with the reference's GPU arithmetic (docs/reference.md, PSROI
// pooling 1 to 7).
//
// A RoI is cut into P x P cells. Cell (ph, pw) averages the map pixels of its
// window in the D channels of bin (gh, gw) = (ph G / P, pw G / P): their sum in
// float32, row by row, divided by the window's area, and 0 for an empty one.
//
// Arguments of every form:
//   maps  f32 or the backend's activation type, [H, W, G*G*D], channel
//         PsroiChannel(): one pixel of one bin is one contiguous run
//   rois  f32 [R, 4], Box (x0, y0, x1, y1) in input pixels, finite
// Either may be in host memory or where the backend computes; what is on a
// device is not checked. Results are where the backend computes.
//
// Pooling all RoIs of a picture in one call costs less than two calls: the
// maps are far larger than the caches and each call reads them once.
#ifndef FCIS_KERNELS_OPS_PSROI_POOL_H_
#define FCIS_KERNELS_OPS_PSROI_POOL_H_

#include <cmath>
#include <cstdint>

#include "absl/status/statusor.h"
#include "fcis/core/base/host_device.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

class Backend;

enum class PsroiRounding {
  kRoundThenScale,           // roundf(coordinate) * scale: chainer-fcis (GPU)
  kRoundThenScaleInclusive,  // far edge (roundf(coordinate) + 1): msracver
  kNone,                     // coordinate * scale: chainercv
};

// What is made of a RoI's cells. The class forms need D = 2C values per bin.
enum class PsroiForm {
  kPool,         // the cells themselves -> f32 [R,P,P,D]
  kMean,         // their mean -> f32 [R,D]
  kClassScores,  // the mean of the larger of each pair -> f32 [R,C]
  kClassPair,    // the pair of a RoI's class, outside, inside -> f32 [R,P,P,2]
};

struct PsroiParams {
  int group_size = 7;               // G, 1 <= G <= P
  int roi_size = 21;                // P, cells along each side of a RoI
  float spatial_scale = 1 / 16.0f;  // map pixels per input pixel
  PsroiRounding rounding = PsroiRounding::kRoundThenScale;
};

// Channel of value d < depth of bin (gh, gw) in the maps. Values of a score
// map are class*2 + {0 outside, 1 inside}, those of a box map slot*4 + k.
FCIS_HD inline int64_t PsroiChannel(int group_size, int depth, int gh, int gw,
                                    int d) {
  return (static_cast<int64_t>(gh) * group_size + gw) * depth + d;
}

// The same channel in the reference's files: value-major. A model's score
// convolution takes its output channel PsroiChannel(...) from row
// PsroiReferenceChannel(...) of the stored weight and bias.
FCIS_HD inline int64_t PsroiReferenceChannel(int group_size, int gh, int gw,
                                             int d) {
  return (static_cast<int64_t>(d) * group_size + gh) * group_size + gw;
}

// Bin along one axis of cell p.
FCIS_HD inline int PsroiGroup(const PsroiParams& params, int p) {
  return p * params.group_size / params.roi_size;
}

// Map pixels [start, end) of one cell along one axis, clipped to the map;
// start >= end: an empty window, whose value is 0.
struct PsroiWindow {
  int start;
  int end;

  FCIS_HD int size() const { return end > start ? end - start : 0; }
};

// A RoI along one axis in map pixels: where it starts, and the length of one
// cell. All arithmetic is float32 in this order: computing in double, or
// rounding after scaling, moves windows.
struct PsroiAxis {
  float corner;
  float cell;
};

FCIS_HD inline PsroiAxis MakePsroiAxis(const PsroiParams& params, float lo,
                                       float hi) {
  if (params.rounding != PsroiRounding::kNone) {
    lo = roundf(lo);  // half away from zero
    hi = roundf(hi);
  }
  if (params.rounding == PsroiRounding::kRoundThenScaleInclusive) hi += 1.0f;
  const float start = lo * params.spatial_scale;
  const float length = hi * params.spatial_scale - start;
  return {start, (length > 0.1f ? length : 0.1f) / params.roi_size};
}

FCIS_HD inline int PsroiClip(float v, int extent) {
  return v > 0.0f ? (v < extent ? static_cast<int>(v) : extent) : 0;
}

FCIS_HD inline PsroiWindow MakePsroiWindow(const PsroiAxis& axis, int p,
                                           int extent) {
  return {PsroiClip(floorf(p * axis.cell + axis.corner), extent),
          PsroiClip(ceilf((p + 1) * axis.cell + axis.corner), extent)};
}

// Gradient of the mean over `cells` cells of max(outside, inside), for one
// cell; at a tie both get all of it, as the reference's max does.
FCIS_HD inline void PairMaxGradient(float outside, float inside, float grad,
                                    int cells, float* grad_outside,
                                    float* grad_inside) {
  const float share = grad / cells;
  *grad_outside = outside >= inside ? share : 0.0f;
  *grad_inside = inside >= outside ? share : 0.0f;
}

namespace ops {

// classes: i32 [R], each in [0,C); only kClassPair reads them. No RoIs give an
// empty result.
absl::StatusOr<Tensor> Psroi(Backend& backend, PsroiForm form,
                             const PsroiParams& params, const Tensor& maps,
                             const Tensor& rois,
                             const Tensor& classes = Tensor());

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_PSROI_POOL_H_
