// Backend: the device-dependent half of every op. Callers use the functions in
// fcis/kernels/ops, which check the arguments and allocate the result once for
// all backends; a backend may rely on valid shapes and types.
//
// What callers may rely on
// - Memory: what an op makes is where the backend computes (Device). Every op
//   takes its arguments from there or from host memory. Lists (ops/propose.h,
//   ops/vote_masks.h) are made on the host from what ToHost gives.
// - Layout: pictures and feature maps are N,H,W,C, and row-major, but that
//   training may Convert them to Layout::kBackend. Convolutions and max pools
//   take either, and give what they took; every other op takes row-major maps.
// - Threads: one call at a time per backend, from any thread, unless it is
//   concurrent(). Inside, a call uses NumThreads() threads
//   (fcis/core/base/parallel.h); results do not depend on how many, bit for
//   bit.
// - Aliasing: a result never shares memory with an argument, except that Conv
//   takes over the memory of a residual that is handed over with std::move.
// - Types: feature maps have activation_type(), and convolutions round their
//   operands to it (to 11 bits where precision() is "tf32"); sums, biases, what
//   is pooled from the maps and every score, delta and probability are f32.
// - No RoIs (R = 0) is a valid input and gives an empty result.
#ifndef FCIS_KERNELS_BACKEND_H_
#define FCIS_KERNELS_BACKEND_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/ops/refine_boxes.h"
#include "fcis/kernels/ops/softmax.h"

namespace fcis::kernels {

class Backend {
 public:
  virtual ~Backend() = default;

  // "ref", "cpu", "check:cpu,ref".
  virtual absl::string_view name() const = 0;
  // Type of feature maps: f32, bf16 or f16.
  virtual DType activation_type() const = 0;
  // The name of what convolutions multiply (fcis/kernels/backend_factory.h):
  // that of the maps' type unless overridden.
  virtual absl::string_view precision() const {
    return activation_type() == DType::kF16 ? "fp16"
                                            : DTypeName(activation_type());
  }

  // Whether threads may call at once: in prediction, each in a SerialScope
  // (fcis/core/base/parallel.h).
  virtual bool concurrent() const { return false; }

  // Where feature maps live.
  virtual Device device() const { return Device::kHost; }
  // A feature map of the backend's, elements uninitialised. Errors: no memory.
  virtual absl::StatusOr<Tensor> AllocateMap(const Shape& shape, DType type) {
    return Tensor(shape, type);
  }
  // One in the layout of another map.
  virtual absl::StatusOr<Tensor> AllocateLike(const Tensor& /*map*/,
                                              const Shape& shape, DType type) {
    return AllocateMap(shape, type);
  }
  // A map as `type`, f32 or activation_type(), where the backend computes, in
  // `layout`; kBackend: the one in which convolutions are trained fastest,
  // which may be row-major. `map` itself if nothing is to be done.
  virtual absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                         Layout /*layout*/) {
    return AsMapType(map, type);
  }
  // The elements in host memory: `map` itself if they are there already. Any
  // tensor of any type.
  virtual absl::StatusOr<Tensor> ToHost(const Tensor& map) { return map; }
  // The elements where the backend computes: `t` itself if they are there
  // already.
  virtual absl::StatusOr<Tensor> ToDevice(const Tensor& t) { return t; }

  // A convolution whose weights are set once. `weight` may be kept (its
  // elements are shared, not copied).
  virtual absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight, const Tensor& bias) = 0;
  // One whose weights change. factors: empty (all 1), or one per output
  // channel. Errors: Unimplemented where nothing is trained.
  virtual absl::StatusOr<std::unique_ptr<TrainedConvolution>> MakeConv(
      const ConvParams& /*params*/, const Shape& /*weight_shape*/,
      absl::Span<const float> /*factors*/) {
    return absl::UnimplementedError(
        absl::StrCat("the backend ", name(), " does not train"));
  }

  // Whether networks with weights of 8 bits are to be computed with them here:
  // PrepareInt8Conv works, in host memory, and MaxPool takes u8.
  virtual bool computes_int8() const { return false; }
  // `weights` may be kept (their elements are shared, not copied).
  virtual absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
      const Int8ConvParams& /*params*/, const Int8Weights& /*weights*/) {
    return absl::UnimplementedError(
        absl::StrCat("the backend ", name(), " computes no int8"));
  }

  virtual absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                               Tensor* y) = 0;

  // Shapes: fcis/kernels/ops/psroi_pool.h.
  virtual absl::Status Psroi(PsroiForm form, const PsroiParams& params,
                             const Tensor& maps, const Tensor& rois,
                             const Tensor& classes, Tensor* y) = 0;

  virtual absl::Status Softmax(const Tensor& x, Tensor* y) = 0;
  virtual absl::Status InsideProbabilities(const Tensor& pairs, Tensor* y) = 0;
  virtual absl::Status RefineBoxes(const RefineParams& params,
                                   const Tensor& rois, const Tensor& deltas,
                                   Tensor* y) = 0;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BACKEND_H_
