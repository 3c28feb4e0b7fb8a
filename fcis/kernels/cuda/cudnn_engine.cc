#include "fcis/kernels/cuda/cudnn_engine.h"

#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/cudnn_conv_graph.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

absl::StatusOr<std::unique_ptr<CudnnEngine>> CudnnEngine::Create(
    CudaExecutor* executor, bool tf32) {
  cudnnHandle_t handle;
  RETURN_IF_ERROR(ToStatus(cudnnCreate(&handle), "start"));
  auto engine = absl::WrapUnique(new CudnnEngine(handle, executor, tf32));
  RETURN_IF_ERROR(
      ToStatus(cudnnSetStream(handle, executor->stream()), "stream"));
  return engine;
}

CudnnEngine::~CudnnEngine() {
  // Before the handle that they were made with.
  plans_.clear();
  kernels_.clear();
  cudnnDestroy(handle_);
}

absl::StatusOr<CudnnLegacyConv*> CudnnEngine::Legacy(
    const ConvProblem& problem) {
  std::unique_ptr<CudnnLegacyConv>& conv = legacy_[problem.key()];
  if (conv == nullptr) {
    ASSIGN_OR_RETURN(conv, CudnnLegacyConv::Create(problem, tf32_));
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

template <typename Make>
CudnnPlan* CudnnEngine::PlanOf(const PlanKey& key, Order order,
                               KernelCache* kernels, const Make& make) {
  const auto added = plans_.emplace(key, nullptr);
  std::unique_ptr<CudnnPlan>& plan = added.first->second;
  if (added.second) {
    absl::StatusOr<ConvGraph> graph = make();
    if (graph.ok()) {
      auto made =
          CudnnPlan::Create({handle_}, *std::move(graph), order, kernels);
      if (made.ok()) plan = *std::move(made);
    }
  }
  return plan.get();
}

template <typename Make>
CudnnPlan* CudnnEngine::BackwardPlan(const ConvProblem& problem, Pass pass,
                                     const Make& make) {
  return PlanOf({problem.key(), pass, false, false, problem.operand},
                Order::kPreferred, nullptr, [&] { return make(problem); });
}

absl::StatusOr<bool> CudnnEngine::Fused(const ConvProblem& problem,
                                        const Tensor& x, const Tensor& w,
                                        const Tensor& bias,
                                        const Tensor* residual, Tensor* y) {
  if (problem.operand == DType::kF32) return false;
  const bool relu = problem.params.relu, adds = residual != nullptr;
  KernelCache* const kernels = &kernels_[{
      problem.any_size_key(), Pass::kForward, relu, adds, y->type()}];
  CudnnPlan* const plan = PlanOf(
      {problem.key(), Pass::kForward, relu, adds, y->type()}, Order::kFixed,
      kernels, [&] { return MakeFusedConvGraph(problem, y->type(), adds); });
  if (plan == nullptr) return false;
  // y gets other memory where it shares the residual's.
  Tensor to = *y;
  if (adds && residual->raw() == y->raw()) {
    ASSIGN_OR_RETURN(to, executor_->Allocate(y->shape(), y->type()));
  }
  std::vector<TensorPlace> places = {
      {kX, x.raw()}, {kW, w.raw()}, {kBias, bias.raw()}, {kY, to.raw()}};
  if (adds) places.push_back({kResidual, residual->raw()});
  RETURN_IF_ERROR(plan->Run(handle_, executor_, places));
  *y = to;
  return true;
}

absl::StatusOr<bool> CudnnEngine::NarrowGradientOfX(const ConvProblem& problem,
                                                    const Tensor& w,
                                                    const Tensor& gy,
                                                    Tensor* gx) {
  CudnnPlan* const plan =
      BackwardPlan(problem, Pass::kOfX, MakeGradientOfXGraph);
  if (plan == nullptr) return false;
  RETURN_IF_ERROR(plan->Run(handle_, executor_,
                            {{kW, w.raw()}, {kY, gy.raw()}, {kX, gx->raw()}}));
  return true;
}

absl::StatusOr<bool> CudnnEngine::NarrowGradientOfWeight(
    const ConvProblem& problem, const Tensor& x, const Tensor& gy, Tensor* gw) {
  CudnnPlan* const plan =
      BackwardPlan(problem, Pass::kOfWeight, MakeGradientOfWeightGraph);
  if (plan == nullptr) return false;
  RETURN_IF_ERROR(plan->Run(handle_, executor_,
                            {{kX, x.raw()}, {kY, gy.raw()}, {kW, gw->raw()}}));
  return true;
}

}  // namespace cuda
}  // namespace fcis::kernels
