#include "fcis/kernels/cuda/cudnn_engine.h"

#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis {
namespace cuda {

absl::StatusOr<std::unique_ptr<CudnnEngine>> CudnnEngine::Create(
    CudaExecutor* executor) {
  cudnnHandle_t handle;
  RETURN_IF_ERROR(ToStatus(cudnnCreate(&handle), "start"));
  auto engine = absl::WrapUnique(new CudnnEngine(handle, executor));
  RETURN_IF_ERROR(
      ToStatus(cudnnSetStream(handle, executor->stream()), "stream"));
  return engine;
}

CudnnEngine::~CudnnEngine() {
  fused_.clear();  // before the handle that they were made with
  cudnnDestroy(handle_);
}

absl::StatusOr<CudnnLegacyConv*> CudnnEngine::Legacy(
    const ConvProblem& problem) {
  std::unique_ptr<CudnnLegacyConv>& conv = legacy_[problem.key()];
  if (conv == nullptr) {
    ASSIGN_OR_RETURN(conv, CudnnLegacyConv::Create(problem));
  }
  return conv.get();
}

absl::Status CudnnEngine::Forward(const ConvProblem& problem, const Tensor& x,
                                  const Tensor& w, Tensor* sum) {
  ASSIGN_OR_RETURN(CudnnLegacyConv* const conv, Legacy(problem));
  return conv->Forward(handle_, executor_, x, w, sum);
}

absl::Status CudnnEngine::GradientOfX(const ConvProblem& problem,
                                      const Tensor& w, const Tensor& gy,
                                      Tensor* gx) {
  ASSIGN_OR_RETURN(CudnnLegacyConv* const conv, Legacy(problem));
  return conv->GradientOfX(handle_, executor_, w, gy, gx);
}

absl::Status CudnnEngine::GradientOfWeight(const ConvProblem& problem,
                                           const Tensor& x, const Tensor& gy,
                                           Tensor* gw) {
  ASSIGN_OR_RETURN(CudnnLegacyConv* const conv, Legacy(problem));
  return conv->GradientOfWeight(handle_, executor_, x, gy, gw);
}

absl::StatusOr<bool> CudnnEngine::Fused(const ConvProblem& problem,
                                        const Tensor& x, const Tensor& w,
                                        const Tensor& bias,
                                        const Tensor* residual, Tensor* y) {
  if (problem.operand != DType::kBF16) return false;
  const auto added =
      fused_.emplace(std::make_tuple(problem.key(), problem.params.relu,
                                     residual != nullptr, y->type()),
                     nullptr);
  std::unique_ptr<CudnnFusedConv>& conv = added.first->second;
  if (added.second) {
    auto made = CudnnFusedConv::Create(handle_, problem, y->type(),
                                       residual != nullptr);
    if (made.ok()) conv = std::move(*made);
  }
  if (conv == nullptr) return false;
  RETURN_IF_ERROR(conv->Run(handle_, executor_, x, w, bias, residual, y));
  return true;
}

}  // namespace cuda
}  // namespace fcis
