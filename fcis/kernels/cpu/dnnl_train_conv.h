// Convolutions of a training graph through oneDNN: forward, gradients by data
// and by weights, in the layouts of fcis/kernels/cpu/dnnl_layout.h. See
// fcis/kernels/train/train_backend.h.
#ifndef FCIS_KERNELS_CPU_DNNL_TRAIN_CONV_H_
#define FCIS_KERNELS_CPU_DNNL_TRAIN_CONV_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {

// A trainer holds what all convolutions of a backend share: the engine,
// compiled primitives (all are dropped when there are 2048) and scratch memory.
// One call at a time.
class DnnlTrainer {
 public:
  // activation_type: f32 or bf16.
  explicit DnnlTrainer(DType activation_type);
  ~DnnlTrainer();

  // As the functions of TrainBackend.
  absl::StatusOr<std::unique_ptr<TrainConv>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors);
  absl::StatusOr<Tensor> Conv(TrainConv& conv, const Tensor& x,
                              const Tensor* residual);
  absl::Status ConvGradient(TrainConv& conv, const Tensor& x, const Tensor& gy,
                            bool add, float* gweight, float* gbias, Tensor* gx);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace fcis

#endif  // FCIS_KERNELS_CPU_DNNL_TRAIN_CONV_H_
