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

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/body_ops.h"
#include "fcis/kernels/bodies/body_parameter_math.h"
#include "fcis/kernels/bodies/conv_bodies.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {
namespace cuda {

// Stored weights are [out,kh,kw,in].
template <typename Executor, typename Engine>
class BodyConv : public TrainedConvolution {
 public:
  // Executor and engine outlive it. operand: the type that operands are rounded
  // to, a type of maps. factors: as in Backend::MakeConv.
  BodyConv(Executor* executor, Engine* engine, const ConvParams& params,
           const Shape& weight_shape, DType operand,
           absl::Span<const float> factors)
      : TrainedConvolution(params, weight_shape),
        run_(executor),
        ops_(executor),
        engine_(engine),
        operand_(operand),
        factors_(OutputFactors::OutputsFirst(weight_shape.num_elements(),
                                             weight_shape.dim(0), factors)) {}

  // Before Set.
  absl::Status PrepareFactors() {
    ASSIGN_OR_RETURN(prepared_.prepared, SegmentFactors(factors_, run_));
    return absl::OkStatus();
  }

  // weight: f32 [out,in,kh,kw]; bias: f32 [out].
  absl::Status SetOnce(const Tensor& weight, const Tensor& bias) {
    Tensor ohwi(StoredShape());
    ToStored(weight, ohwi.mutable_data<float>());
    return SetFolded(ohwi, bias);
  }

  const OutputFactors& factors() const override { return factors_; }
  std::string layout() const override { return "ohwi"; }

  void ToStored(const Tensor& weight, float* stored) const override {
    const WeightToNhwcBody body = {channels(), taps(), weight.data<float>(),
                                   stored};
    for (int64_t i = 0; i < factors_.size(); ++i) body(i);
  }
  Tensor FromStored(const float* stored) const override {
    Tensor weight(weight_shape());
    const WeightToFileBody body = {channels(), taps(), stored,
                                   weight.mutable_data<float>()};
    for (int64_t i = 0; i < factors_.size(); ++i) body(i);
    return weight;
  }

  absl::Status Set(const float* stored, const float* bias) override {
    const int64_t outputs = weight_shape().dim(0);
    ASSIGN_OR_RETURN(Tensor folded, run_->Allocate(StoredShape(), DType::kF32));
    RETURN_IF_ERROR(run_->Run(
        FoldBody{FactorsIn(prepared_), stored, MutableElements<float>(&folded)},
        factors_.size()));
    ASSIGN_OR_RETURN(Tensor own_bias, run_->Allocate({outputs}, DType::kF32));
    RETURN_IF_ERROR(run_->Run(
        PutBody<float>{bias, false, MutableElements<float>(&own_bias)},
        outputs));
    return SetFolded(folded, own_bias);
  }

  // x: f32 or of the operand's type, from anywhere; y: on the device, of the
  // output's type.
  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
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

  absl::Status GradientOfWeight(const Tensor& x, const Tensor& gy, bool add,
                                float* gweight, float* gbias) override {
    ASSIGN_OR_RETURN(const Tensor gw, WeightSums(x, gy));
    RETURN_IF_ERROR(run_->Run(PutBody<float>{Elements<float>(gw), add, gweight},
                              gw.num_elements()));
    ASSIGN_OR_RETURN(const Tensor sums, ops_.ChannelTotals(gy, gy));
    return run_->Run(PutBody<double>{Elements<double>(sums), add, gbias},
                     sums.dim(1));
  }

  // Of the operand's type.
  absl::StatusOr<Tensor> GradientOfX(const Shape& x,
                                     const Tensor& gy) override {
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
  int64_t channels() const { return weight_shape().dim(1); }
  int64_t taps() const { return weight_shape().dim(2) * weight_shape().dim(3); }
  Shape StoredShape() const {
    const Shape& s = weight_shape();
    return {s.dim(0), s.dim(2), s.dim(3), s.dim(1)};
  }

  // ohwi: f32 [out,kh,kw,in]; bias: f32 [out].
  absl::Status SetFolded(const Tensor& ohwi, const Tensor& bias) {
    ASSIGN_OR_RETURN(bias_, run_->ToDevice(bias));
    ASSIGN_OR_RETURN(wide_, Wide(ohwi));
    narrow_ = wide_;
    if (operand_ != DType::kF32) {
      ASSIGN_OR_RETURN(narrow_, ops_.Convert(wide_, operand_));
    }
    return absl::OkStatus();
  }

  // The gradient of the weights, f32 [out,kh,kw,in] on the device; its numbers
  // are of the operand's type where the engine sums that.
  absl::StatusOr<Tensor> WeightSums(const Tensor& x, const Tensor& gy) {
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

  ConvProblem ProblemOf(const Shape& x, const Shape& y) const {
    return {params(), weight_shape(), x, y, operand_};
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
          params().relu,
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
  const DType operand_;
  const OutputFactors factors_;
  ParameterFactors prepared_ = {&factors_, Tensor()};
  // [out,kh,kw,in] on the device: the operand's numbers as f32 and as
  // themselves.
  Tensor wide_, narrow_, bias_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_BODY_CONV_H_
