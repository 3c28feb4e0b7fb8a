// A convolution on an executor (body_ops.h), forward and back, for inference
// and training: everything around the sums that an engine computes. cuDNN is
// the GPU's engine (cudnn_engine.h); the tests' emulation has plain loops. An
// engine has
//   bool tf32() const;   whether f32 operands are multiplied as TF32
// for f32 maps N,H,W,C and weights [out,kh,kw,in] on the device
//   absl::Status Forward(const ConvProblem&, const Tensor& x, const Tensor& w,
//                        Tensor* sum);
//   absl::Status GradientOfX(const ConvProblem&, const Tensor& w,
//                            const Tensor& gy, Tensor* gx);
//   absl::Status GradientOfWeight(const ConvProblem&, const Tensor& x,
//                                 const Tensor& gy, Tensor* gw);
// for maps and weights of the operand's type
//   absl::StatusOr<bool> Fused(const ConvProblem&, const Tensor& x,
//                              const Tensor& w, const Tensor& bias,
//                              const Tensor* residual, Tensor* y);
// and, where that type has 16 bits,
//   absl::StatusOr<bool> NarrowGradientOfX(const ConvProblem&, const Tensor& w,
//                                          const Tensor& gy, Tensor* gx);
//   absl::StatusOr<bool> NarrowGradientOfWeight(
//       const ConvProblem&, const Tensor& x, const Tensor& gy, Tensor* gw);
// with gx and gw of the operand's type, too. These three are false, with
// nothing done, where the engine cannot.
//
// Operands of 16 bits that an engine does not take as they are are computed as
// the same numbers in f32: their products are exact there (in TF32, too, which
// has the bits of f16 and the range of bf16), so that the sums are those of the
// contract and only the last step rounds.
#ifndef FCIS_KERNELS_CUDA_BODY_CONV_H_
#define FCIS_KERNELS_CUDA_BODY_CONV_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/body_ops.h"
#include "fcis/kernels/cuda/conv_bodies.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/cuda/extents.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis {
namespace cuda {

template <typename Executor, typename Engine>
class BodyConv {
 public:
  // Executor and engine outlive it. operand: the type that operands are rounded
  // to, a type of maps.
  BodyConv(Executor* executor, Engine* engine, const ConvParams& params,
           const Shape& weight_shape, DType operand)
      : run_(executor),
        ops_(executor),
        engine_(engine),
        params_(params),
        weight_shape_(weight_shape),
        operand_(operand) {}

  // ohwi: f32 [out,kh,kw,in]; bias: f32 [out].
  absl::Status Set(const Tensor& ohwi, const Tensor& bias) {
    ASSIGN_OR_RETURN(bias_, run_->ToDevice(bias));
    ASSIGN_OR_RETURN(wide_, Wide(ohwi));
    narrow_ = wide_;
    if (operand_ != DType::kF32) {
      ASSIGN_OR_RETURN(narrow_, ops_.Convert(wide_, operand_));
    }
    return absl::OkStatus();
  }

  // x: f32 or of the operand's type, from anywhere; y: on the device, of the
  // output's type; residual: null, or like y, which may share its memory.
  absl::Status Forward(const Tensor& x, const Tensor* residual, Tensor* y) {
    RETURN_IF_ERROR(CheckExtents(y->shape()));
    const ConvProblem problem = ProblemOf(x.shape(), y->shape());
    Tensor added;
    if (residual != nullptr) {
      ASSIGN_OR_RETURN(added, run_->ToDevice(*residual));
    }
    const Tensor* z = residual == nullptr ? nullptr : &added;
    ASSIGN_OR_RETURN(const Tensor operand, Operand(x));
    ASSIGN_OR_RETURN(const bool fused,
                     engine_->Fused(problem, operand, narrow_, bias_, z, y));
    if (fused) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Tensor in, Wide(operand));
    ASSIGN_OR_RETURN(Tensor sum, run_->Allocate(y->shape(), DType::kF32));
    RETURN_IF_ERROR(engine_->Forward(problem, in, wide_, &sum));
    return End(sum, z, y);
  }

  // The gradient of the weights, f32 [out,kh,kw,in] on the device; its numbers
  // are of the operand's type where the engine sums that.
  absl::StatusOr<Tensor> GradientOfWeight(const Tensor& x, const Tensor& gy) {
    const ConvProblem problem = ProblemOf(x.shape(), gy.shape());
    if (operand_ != DType::kF32) {
      ASSIGN_OR_RETURN(const Tensor in, Operand(x));
      ASSIGN_OR_RETURN(const Tensor g, Operand(gy));
      ASSIGN_OR_RETURN(Tensor gw, run_->Allocate(wide_.shape(), operand_));
      ASSIGN_OR_RETURN(const bool done,
                       engine_->NarrowGradientOfWeight(problem, in, g, &gw));
      if (done) return ops_.Convert(gw, DType::kF32);
    }
    ASSIGN_OR_RETURN(const Tensor in, Wide(x));
    ASSIGN_OR_RETURN(const Tensor g, Wide(gy));
    ASSIGN_OR_RETURN(Tensor gw, run_->Allocate(wide_.shape(), DType::kF32));
    RETURN_IF_ERROR(engine_->GradientOfWeight(problem, in, g, &gw));
    return gw;
  }

  // The gradient of x, of the operand's type.
  absl::StatusOr<Tensor> GradientOfX(const Shape& x, const Tensor& gy) {
    const ConvProblem problem = ProblemOf(x, gy.shape());
    if (operand_ != DType::kF32) {
      ASSIGN_OR_RETURN(const Tensor g, Operand(gy));
      ASSIGN_OR_RETURN(Tensor gx, run_->Allocate(x, operand_));
      ASSIGN_OR_RETURN(const bool done,
                       engine_->NarrowGradientOfX(problem, narrow_, g, &gx));
      if (done) return gx;
    }
    ASSIGN_OR_RETURN(const Tensor g, Wide(gy));
    ASSIGN_OR_RETURN(Tensor gx, run_->Allocate(x, DType::kF32));
    RETURN_IF_ERROR(engine_->GradientOfX(problem, wide_, g, &gx));
    if (operand_ == DType::kF32) return gx;
    return ops_.Convert(gx, operand_);
  }

 private:
  ConvProblem ProblemOf(const Shape& x, const Shape& y) const {
    return {params_, weight_shape_, x, y, operand_};
  }

  // t on the device, rounded to the operand's type, which holds it.
  absl::StatusOr<Tensor> Operand(const Tensor& t) {
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(t));
    if (in.type() == operand_) return in;
    return ops_.Convert(in, operand_);
  }

  // t on the device, rounded to the operand's type, held as f32.
  absl::StatusOr<Tensor> Wide(const Tensor& t) {
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(t));
    if (in.type() != DType::kF32) return ops_.Convert(in, DType::kF32);
    if (operand_ == DType::kF32) return in;
    ASSIGN_OR_RETURN(Tensor out, run_->Allocate(t.shape(), DType::kF32));
    RETURN_IF_ERROR(WithNarrowType(operand_, [&](auto type) {
      const RoundBody<MapElement<decltype(type)>> body = {
          Elements<float>(in), MutableElements<float>(&out)};
      return run_->Run(body, t.num_elements());
    }));
    return out;
  }

  absl::Status End(const Tensor& sum, const Tensor* residual, Tensor* y) {
    return WithMapType(y->type(), [&](auto t) {
      using Y = MapElement<decltype(t)>;
      const ConvEndBody<Y> body = {
          static_cast<int>(y->dim(3)),
          params_.relu,
          Elements<float>(sum),
          Elements<float>(bias_),
          residual == nullptr ? nullptr : Elements<Y>(*residual),
          MutableElements<Y>(y)};
      return run_->Run(body, y->num_elements());
    });
  }

  Executor* const run_;
  BodyOps<Executor> ops_;
  Engine* const engine_;
  const ConvParams params_;
  const Shape weight_shape_;
  const DType operand_;
  // [out,kh,kw,in] on the device: the operand's numbers as f32 and as
  // themselves.
  Tensor wide_, narrow_, bias_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_CONV_H_
