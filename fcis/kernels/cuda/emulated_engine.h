// The sums of convolutions as plain loops, in cuDNN's stead (body_conv.h).
#ifndef FCIS_KERNELS_CUDA_EMULATED_ENGINE_H_
#define FCIS_KERNELS_CUDA_EMULATED_ENGINE_H_

#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/cuda/emulated_executor.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/ref_conv.h"
#include "fcis/kernels/ref/ref_gradients.h"

namespace fcis::kernels {
namespace cuda {

class EmulatedEngine {
 public:
  // The executor outlives the engine.
  explicit EmulatedEngine(EmulatedExecutor* executor) : executor_(executor) {}

  bool tf32() const { return false; }

  absl::StatusOr<bool> Fused(const ConvProblem&, const Tensor&, const Tensor&,
                             const Tensor&, const Tensor*, Tensor*) {
    return false;
  }

  absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                       const Tensor& w, Tensor* sum) {
    executor_->Launch([problem, x = View(x), w = View(w), sum = View(*sum)] {
      ConvParams sums_only = problem.params;
      sums_only.relu = false;
      Tensor to = sum;
      RefConv(sums_only, InFileOrder(problem, w),
              Tensor::Zeros({problem.weight.dim(0)}), DType::kF32)
          .Forward(x, nullptr, &to)
          .IgnoreError();
    });
    return absl::OkStatus();
  }

  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx) {
    executor_->Launch([problem, w = View(w), gy = View(gy), gx = View(*gx)] {
      const Tensor g = RefConvGradientOfX(problem.params, problem.x,
                                          InFileOrder(problem, w), gy);
      Tensor to = gx;
      std::memcpy(to.mutable_raw(), g.raw(), g.num_bytes());
    });
    return absl::OkStatus();
  }

  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw) {
    executor_->Launch([problem, x = View(x), gy = View(gy), gw = View(*gw)] {
      const WeightGradients g =
          RefConvGradientOfWeight(problem.params, x, problem.weight, gy);
      Tensor to = gw;
      const WeightToNhwcBody body = {
          problem.weight.dim(1), problem.weight.dim(2) * problem.weight.dim(3),
          g.weight.data<float>(), to.mutable_data<float>()};
      for (int64_t i = 0; i < to.num_elements(); ++i) body(i);
    });
    return absl::OkStatus();
  }

  absl::StatusOr<bool> NarrowGradientOfX(const ConvProblem& problem,
                                         const Tensor& w, const Tensor& gy,
                                         Tensor* gx) {
    if (!TakesNarrow(problem)) return false;
    Tensor sums(gx->shape());
    RETURN_IF_ERROR(GradientOfX(problem, AsF32(EmulatedExecutor::HostView(w)),
                                AsF32(EmulatedExecutor::HostView(gy)), &sums));
    Store(sums, gx);
    return true;
  }

  absl::StatusOr<bool> NarrowGradientOfWeight(const ConvProblem& problem,
                                              const Tensor& x, const Tensor& gy,
                                              Tensor* gw) {
    if (!TakesNarrow(problem)) return false;
    Tensor sums(gw->shape());
    RETURN_IF_ERROR(
        GradientOfWeight(problem, AsF32(EmulatedExecutor::HostView(x)),
                         AsF32(EmulatedExecutor::HostView(gy)), &sums));
    Store(sums, gw);
    return true;
  }

 private:
  static Tensor View(const Tensor& t) { return EmulatedExecutor::HostView(t); }

  // Tensor cores want runs of 16 bytes; so some problems take the one way
  // through BodyConv, some the other.
  static bool TakesNarrow(const ConvProblem& problem) {
    return problem.weight.dim(0) % 8 == 0 && problem.weight.dim(1) % 8 == 0;
  }

  // f32 values, rounded to the type of `to` on the device.
  static void Store(const Tensor& values, Tensor* to) {
    WithNarrowType(to->type(), [&](auto t) {
      auto* out = static_cast<MapElement<decltype(t)>*>(to->mutable_raw());
      for (const float v : values.span<float>()) StoreF32(v, out++);
    });
  }

  static Tensor InFileOrder(const ConvProblem& problem, const Tensor& w) {
    Tensor oihw(problem.weight);
    const WeightToFileBody body = {
        problem.weight.dim(1), problem.weight.dim(2) * problem.weight.dim(3),
        w.data<float>(), oihw.mutable_data<float>()};
    for (int64_t i = 0; i < oihw.num_elements(); ++i) body(i);
    return oihw;
  }

  EmulatedExecutor* const executor_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_EMULATED_ENGINE_H_
