// cuDNN as the engine of convolutions on a GPU: a graph for each direction.
#ifndef FCIS_KERNELS_CUDA_CUDNN_CONVS_H_
#define FCIS_KERNELS_CUDA_CUDNN_CONVS_H_

#include <cudnn.h>

#include <functional>
#include <map>
#include <memory>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/kernels/cuda/cuda_device.h"
#include "fcis/kernels/cuda/cudnn_conv_graph.h"
#include "fcis/kernels/cuda/cudnn_plan.h"
#include "fcis/kernels/device/device_convs.h"

namespace fcis::kernels {
namespace cuda {

class CudnnConvs : public DeviceConvs {
 public:
  // The device outlives it. tf32: the leading 11 bits of f32 operands are
  // multiplied, where the GPU has TF32.
  static absl::StatusOr<std::unique_ptr<CudnnConvs>> Create(CudaDevice* device,
                                                            DType operand,
                                                            bool tf32);
  ~CudnnConvs() override;
  CudnnConvs(const CudnnConvs&) = delete;
  CudnnConvs& operator=(const CudnnConvs&) = delete;

  bool tf32() const override { return tf32_; }

  // Plans are made at the first call for a problem and kept.
  absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                       const Tensor& w, const Tensor& bias,
                       const Tensor* residual, Tensor* y) override;
  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx) override;
  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw) override;

 private:
  // The problem and what is computed: y, or the gradient of x or w; of y its
  // ReLU and residual; the result's type.
  using PlanKey = std::tuple<ConvProblem::Key, ConvTensorId, bool, bool, DType>;

  CudnnConvs(cudnnHandle_t handle, CudaDevice* device, DType operand, bool tf32)
      : DeviceConvs(device, operand),
        handle_(handle),
        gpu_(device),
        tf32_(tf32) {}
  // Errors: Unimplemented, cuDNN has no engine for the graph.
  absl::StatusOr<CudnnPlan*> PlanOf(
      const ConvProblem& problem, const PlanKey& key, PlanChoice choice,
      const std::function<absl::StatusOr<ConvGraph>()>& make);
  absl::Status Gradient(const ConvProblem& problem, ConvTensorId of,
                        absl::Span<const TensorPlace> places);

  const cudnnHandle_t handle_;
  CudaDevice* const gpu_;
  const bool tf32_;
  // By problems of any size; they outlive the plans.
  std::map<PlanKey, KernelCache> kernels_;
  // Null where cuDNN has no engine.
  std::map<PlanKey, std::unique_ptr<CudnnPlan>> plans_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDNN_CONVS_H_
