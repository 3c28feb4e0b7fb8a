// The sums of convolutions as plain loops, in cuDNN's stead (body_conv.h).
#ifndef FCIS_KERNELS_CUDA_EMULATED_ENGINE_H_
#define FCIS_KERNELS_CUDA_EMULATED_ENGINE_H_

#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/cuda/emulated_executor.h"
#include "fcis/kernels/cuda/map_bodies.h"
#include "fcis/kernels/ref/ref_conv.h"
#include "fcis/kernels/ref/ref_gradients.h"

namespace fcis {
namespace cuda {

class EmulatedEngine {
 public:
  // The executor outlives the engine.
  explicit EmulatedEngine(EmulatedExecutor* executor) : executor_(executor) {}

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
          .Run(x, nullptr, &to);
    });
    return absl::OkStatus();
  }

  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx) {
    executor_->Launch([problem, w = View(w), gy = View(gy), gx = View(*gx)] {
      const ConvGradients g =
          RefConvGradients(problem.params, Tensor::Zeros(problem.x),
                           InFileOrder(problem, w), gy);
      Tensor to = gx;
      std::memcpy(to.mutable_raw(), g.x.raw(), g.x.num_bytes());
    });
    return absl::OkStatus();
  }

  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw) {
    executor_->Launch([problem, x = View(x), gy = View(gy), gw = View(*gw)] {
      const ConvGradients g = RefConvGradients(
          problem.params, x, Tensor::Zeros(problem.weight), gy);
      Tensor to = gw;
      const WeightToNhwcBody body = {
          problem.weight.dim(1), problem.weight.dim(2) * problem.weight.dim(3),
          g.weight.data<float>(), to.mutable_data<float>()};
      for (int64_t i = 0; i < to.num_elements(); ++i) body(i);
    });
    return absl::OkStatus();
  }

 private:
  static Tensor View(const Tensor& t) { return EmulatedExecutor::HostView(t); }

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
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_EMULATED_ENGINE_H_
