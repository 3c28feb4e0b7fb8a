// Backend: the device-dependent half of every op. Callers use the functions in
// fcis/kernels/ops, which check the arguments and allocate the result once for
// all backends; a backend may rely on valid shapes.
#ifndef FCIS_KERNELS_BACKEND_H_
#define FCIS_KERNELS_BACKEND_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis {

class Backend {
 public:
  virtual ~Backend() = default;

  // "ref", "cpu", "check:cpu,ref".
  virtual absl::string_view name() const = 0;
  // Type of feature maps: f32 or bf16. Pooled values, scores, deltas and
  // probabilities are f32 always.
  virtual DType activation_type() const = 0;

  virtual absl::StatusOr<std::unique_ptr<PreparedConv>> PrepareConv(
      const ConvParams& params, const Tensor& weight, const Tensor& bias) = 0;
  virtual absl::Status Conv(const PreparedConv& conv, const Tensor& x,
                            const Tensor* residual, Tensor* y) = 0;

  virtual absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                               Tensor* y) = 0;

  // maps [H,W,G*G*D], rois f32 [R,4] -> y f32 [R,P,P,D].
  virtual absl::Status PsroiPool(const PsroiParams& params, const Tensor& maps,
                                 const Tensor& rois, Tensor* y) = 0;
  // Mean over all P*P cells (empty bins count as 0) -> y f32 [R,D].
  virtual absl::Status PsroiMean(const PsroiParams& params, const Tensor& maps,
                                 const Tensor& rois, Tensor* y) = 0;
  // D = 2C, d = class*2 + {0 outside, 1 inside}: mean over all cells of the
  // larger of the pair -> y f32 [R,C].
  virtual absl::Status PsroiClassScores(const PsroiParams& params,
                                        const Tensor& maps, const Tensor& rois,
                                        Tensor* y) = 0;
  // The pair of one class per RoI, classes i32 [R] in [0,C) -> y f32 [R,P,P,2].
  virtual absl::Status PsroiClassPair(const PsroiParams& params,
                                      const Tensor& maps, const Tensor& rois,
                                      const Tensor& classes, Tensor* y) = 0;
  // Softmax over the last axis, f32.
  virtual absl::Status Softmax(const Tensor& x, Tensor* y) = 0;
};

}  // namespace fcis

#endif  // FCIS_KERNELS_BACKEND_H_
