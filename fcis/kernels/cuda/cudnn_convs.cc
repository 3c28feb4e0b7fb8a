#include "fcis/kernels/cuda/cudnn_convs.h"

#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/cudnn_conv_graph.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

absl::StatusOr<std::unique_ptr<CudnnConvs>> CudnnConvs::Create(
    CudaDevice* device, DType operand, bool tf32) {
  cudnnHandle_t handle;
  RETURN_IF_ERROR(ToStatus(cudnnCreate(&handle), "start"));
  auto convs = absl::WrapUnique(new CudnnConvs(handle, device, operand, tf32));
  RETURN_IF_ERROR(ToStatus(cudnnSetStream(handle, device->stream()), "stream"));
  return convs;
}

CudnnConvs::~CudnnConvs() {
  // Before the handle that they were made with.
  plans_.clear();
  kernels_.clear();
  cudnnDestroy(handle_);
}

absl::StatusOr<CudnnPlan*> CudnnConvs::PlanOf(
    const ConvProblem& problem, const PlanKey& key, PlanChoice choice,
    const std::function<absl::StatusOr<ConvGraph>()>& make) {
  const auto added = plans_.emplace(key, nullptr);
  std::unique_ptr<CudnnPlan>& plan = added.first->second;
  if (added.second) {
    // Numbers of 16 bits are exact in TF32.
    choice.tensor_cores = tf32_ || problem.operand != DType::kF32;
    absl::StatusOr<ConvGraph> graph = make();
    if (graph.ok()) {
      auto made = CudnnPlan::Create({handle_}, *std::move(graph), choice);
      if (made.ok()) plan = *std::move(made);
    }
  }
  if (plan != nullptr) return plan.get();
  return absl::UnimplementedError(absl::StrCat(
      "cuDNN has no engine for a convolution of ", DTypeName(problem.held), " ",
      problem.x.ToString(), " with ", problem.weight.ToString()));
}

absl::Status CudnnConvs::Forward(const ConvProblem& problem, const Tensor& x,
                                 const Tensor& w, const Tensor& bias,
                                 const Tensor* residual, Tensor* y) {
  const bool relu = problem.params.relu, adds = residual != nullptr;
  if (adds && problem.held == DType::kF32) {
    return absl::UnimplementedError("cuDNN adds no residual to sums of f32");
  }
  const auto key = [&](const ConvProblem::Key& of_problem) {
    return PlanKey(of_problem, kY, relu, adds, y->type());
  };
  PlanChoice choice;
  // cuDNN has kernels for f32; what it fuses for tensor cores it compiles.
  if (problem.held != DType::kF32) {
    choice.fixed_order = true;
    choice.kernels = &kernels_[key(problem.any_size_key())];
  }
  ASSIGN_OR_RETURN(CudnnPlan* const plan,
                   PlanOf(problem, key(problem.key()), choice, [&] {
                     return MakeFusedConvGraph(problem, y->type(), adds);
                   }));
  // y gets other memory where it shares the residual's.
  Tensor to = *y;
  if (adds && residual->raw() == y->raw()) {
    ASSIGN_OR_RETURN(to, gpu_->Allocate(y->shape(), y->type()));
  }
  std::vector<TensorPlace> places = {
      {kX, x.raw()}, {kW, w.raw()}, {kBias, bias.raw()}, {kY, to.raw()}};
  if (adds) places.push_back({kResidual, residual->raw()});
  RETURN_IF_ERROR(plan->Run(handle_, gpu_, places));
  *y = to;
  return absl::OkStatus();
}

absl::Status CudnnConvs::Gradient(const ConvProblem& problem, ConvTensorId of,
                                  absl::Span<const TensorPlace> places) {
  ASSIGN_OR_RETURN(
      CudnnPlan* const plan,
      PlanOf(problem, {problem.key(), of, false, false, problem.held},
             PlanChoice(), [&] { return MakeGradientGraph(problem, of); }));
  return plan->Run(handle_, gpu_, places);
}

absl::Status CudnnConvs::GradientOfX(const ConvProblem& problem,
                                     const Tensor& w, const Tensor& gy,
                                     Tensor* gx) {
  return Gradient(problem, kX,
                  {{kW, w.raw()}, {kY, gy.raw()}, {kX, gx->raw()}});
}

absl::Status CudnnConvs::GradientOfWeight(const ConvProblem& problem,
                                          const Tensor& x, const Tensor& gy,
                                          Tensor* gw) {
  return Gradient(problem, kW,
                  {{kX, x.raw()}, {kY, gy.raw()}, {kW, gw->raw()}});
}

}  // namespace cuda
}  // namespace fcis::kernels
