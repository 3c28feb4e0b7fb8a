// TrainConv on an executor and an engine (body_conv.h). Stored weights are
// [out,kh,kw,in].
#ifndef FCIS_KERNELS_CUDA_BODY_TRAIN_CONV_H_
#define FCIS_KERNELS_CUDA_BODY_TRAIN_CONV_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/body_conv.h"
#include "fcis/kernels/cuda/body_parameter_math.h"
#include "fcis/kernels/cuda/map_bodies.h"
#include "fcis/kernels/cuda/update_bodies.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {
namespace cuda {

template <typename Executor, typename Engine>
class BodyTrainConv : public TrainConv {
 public:
  // operand, factors: as in BodyConv and TrainBackend::MakeConv.
  BodyTrainConv(Executor* executor, Engine* engine, const ConvParams& params,
                const Shape& shape, DType operand,
                absl::Span<const float> factors)
      : TrainConv(params, shape),
        run_(executor),
        factors_(OutputFactors::OutputsFirst(shape.num_elements(), shape.dim(0),
                                             factors)),
        conv_(executor, engine, params, shape, operand) {}

  // Once, before anything else.
  absl::Status Prepare() {
    ASSIGN_OR_RETURN(prepared_.prepared, SegmentFactors(factors_, run_));
    return absl::OkStatus();
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
    const Shape& s = weight_shape();
    ASSIGN_OR_RETURN(
        Tensor folded,
        run_->Allocate({s.dim(0), s.dim(2), s.dim(3), s.dim(1)}, DType::kF32));
    RETURN_IF_ERROR(run_->Run(
        FoldBody{FactorsIn(prepared_), stored, MutableElements<float>(&folded)},
        factors_.size()));
    ASSIGN_OR_RETURN(Tensor own_bias, run_->Allocate({s.dim(0)}, DType::kF32));
    RETURN_IF_ERROR(run_->Run(
        PutBody<float>{bias, false, MutableElements<float>(&own_bias)},
        s.dim(0)));
    return conv_.Set(folded, own_bias);
  }

  BodyConv<Executor, Engine>& conv() { return conv_; }

 private:
  int64_t channels() const { return weight_shape().dim(1); }
  int64_t taps() const { return weight_shape().dim(2) * weight_shape().dim(3); }

  Executor* const run_;
  const OutputFactors factors_;
  ParameterFactors prepared_ = {&factors_, Tensor()};
  BodyConv<Executor, Engine> conv_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_TRAIN_CONV_H_
