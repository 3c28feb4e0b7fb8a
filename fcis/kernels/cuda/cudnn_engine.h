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
#include "fcis/kernels/cuda/cudnn_legacy_conv.h"
#include "fcis/kernels/cuda/cudnn_plan.h"

namespace fcis::kernels {
namespace cuda {

class CudnnEngine {
 public:
  // The executor outlives the engine. tf32: the leading 11 bits of f32 operands
  // are multiplied, where the GPU has TF32.
  static absl::StatusOr<std::unique_ptr<CudnnEngine>> Create(
      CudaExecutor* executor, bool tf32);
  ~CudnnEngine();
  CudnnEngine(const CudnnEngine&) = delete;
  CudnnEngine& operator=(const CudnnEngine&) = delete;

  bool tf32() const { return tf32_; }

  // As in body_conv.h. Plans are made at the first call for a problem and kept.
  absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                       const Tensor& w, Tensor* sum);
  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx);
  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw);
  // False for f32: cuDNN has graphs for what tensor cores multiply.
  absl::StatusOr<bool> Fused(const ConvProblem& problem, const Tensor& x,
                             const Tensor& w, const Tensor& bias,
                             const Tensor* residual, Tensor* y);
  absl::StatusOr<bool> NarrowGradientOfX(const ConvProblem& problem,
                                         const Tensor& w, const Tensor& gy,
                                         Tensor* gx);
  absl::StatusOr<bool> NarrowGradientOfWeight(const ConvProblem& problem,
                                              const Tensor& x, const Tensor& gy,
                                              Tensor* gw);

 private:
  enum class Pass { kForward, kOfX, kOfWeight };
  // The problem; of a forward pass its ReLU and residual and the output's type.
  using PlanKey = std::tuple<ConvProblem::Key, Pass, bool, bool, DType>;

  CudnnEngine(cudnnHandle_t handle, CudaExecutor* executor, bool tf32)
      : handle_(handle), executor_(executor), tf32_(tf32) {}
  absl::StatusOr<CudnnLegacyConv*> Legacy(const ConvProblem& problem);
  // Null: cuDNN cannot. make() gives the graph; kernels: as in CudnnPlan.
  template <typename Make>
  CudnnPlan* PlanOf(const PlanKey& key, Order order, KernelCache* kernels,
                    const Make& make);
  template <typename Make>
  CudnnPlan* BackwardPlan(const ConvProblem& problem, Pass pass,
                          const Make& make);

  const cudnnHandle_t handle_;
  CudaExecutor* const executor_;
  const bool tf32_;
  std::map<ConvProblem::Key, std::unique_ptr<CudnnLegacyConv>> legacy_;
  // By problems of any size; they outlive the plans.
  std::map<PlanKey, KernelCache> kernels_;
  std::map<PlanKey, std::unique_ptr<CudnnPlan>> plans_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDNN_ENGINE_H_
