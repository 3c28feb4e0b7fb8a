// cuDNN as the engine of convolutions (body_conv.h) on an executor's stream.
#ifndef FCIS_KERNELS_CUDA_CUDNN_ENGINE_H_
#define FCIS_KERNELS_CUDA_CUDNN_ENGINE_H_

#include <cudnn.h>

#include <map>
#include <memory>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/cuda/cuda_executor.h"
#include "fcis/kernels/cuda/cudnn_fused_conv.h"
#include "fcis/kernels/cuda/cudnn_legacy_conv.h"

namespace fcis {
namespace cuda {

class CudnnEngine {
 public:
  // The executor outlives the engine.
  static absl::StatusOr<std::unique_ptr<CudnnEngine>> Create(
      CudaExecutor* executor);
  ~CudnnEngine();
  CudnnEngine(const CudnnEngine&) = delete;
  CudnnEngine& operator=(const CudnnEngine&) = delete;

  // As in body_conv.h. Plans are made at the first call for a problem and kept.
  absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                       const Tensor& w, Tensor* sum);
  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx);
  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw);
  // bf16 operands only: cuDNN fuses what tensor cores compute.
  absl::StatusOr<bool> Fused(const ConvProblem& problem, const Tensor& x,
                             const Tensor& w, const Tensor& bias,
                             const Tensor* residual, Tensor* y);

 private:
  CudnnEngine(cudnnHandle_t handle, CudaExecutor* executor)
      : handle_(handle), executor_(executor) {}
  absl::StatusOr<CudnnLegacyConv*> Legacy(const ConvProblem& problem);

  const cudnnHandle_t handle_;
  CudaExecutor* const executor_;
  std::map<ConvProblem::Key, std::unique_ptr<CudnnLegacyConv>> legacy_;
  // By the problem, its ReLU and residual and the output's type; null: cuDNN
  // cannot.
  std::map<std::tuple<ConvProblem::Key, bool, bool, DType>,
           std::unique_ptr<CudnnFusedConv>>
      fused_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_CUDNN_ENGINE_H_
