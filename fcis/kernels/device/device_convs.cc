#include "fcis/kernels/device/device_convs.h"

#include <string>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/device/device_ops.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

// Stored weights are [out,kh,kw,in].
class DeviceConv : public TrainedConvolution {
 public:
  // The engine outlives it. factors: as in ConvEngine::Make.
  DeviceConv(DeviceConvs* engine, const ConvParams& params,
             const Shape& weight_shape, absl::Span<const float> factors)
      : TrainedConvolution(params, weight_shape),
        device_(engine->device()),
        engine_(engine),
        operand_(engine->operand()),
        factors_(OutputFactors::OutputsFirst(weight_shape.num_elements(),
                                             weight_shape.dim(0), factors)) {}

  // Before Set.
  absl::Status PrepareFactors() {
    ASSIGN_OR_RETURN(prepared_, SegmentFactors(factors_, device_));
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
    ASSIGN_OR_RETURN(Tensor folded,
                     device_->Allocate(StoredShape(), DType::kF32));
    const FoldBody fold = {FactorsIn(factors_, prepared_), stored,
                           MutableElements<float>(&folded)};
    RETURN_IF_ERROR(ForEach(device_, fold, factors_.size()));
    ASSIGN_OR_RETURN(Tensor own_bias,
                     device_->Allocate({outputs}, DType::kF32));
    const PutBody<float> put = {bias, false, MutableElements<float>(&own_bias)};
    RETURN_IF_ERROR(ForEach(device_, put, outputs));
    return SetFolded(folded, own_bias);
  }

  // x: f32 or of the operand's type, from anywhere; y: on the device, of the
  // output's type.
  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
    RETURN_IF_ERROR(CheckExtents(y->shape()));
    ConvProblem problem = ProblemOf(x.shape(), y->shape());
    Tensor added;
    if (residual != nullptr) {
      ASSIGN_OR_RETURN(added, device_->ToDevice(*residual));
    }
    const Tensor* z = residual == nullptr ? nullptr : &added;
    ASSIGN_OR_RETURN(const Tensor in, Operand(x));
    const absl::Status fused =
        engine_->Forward(problem, in, weight_, bias_, z, y);
    if (!absl::IsUnimplemented(fused)) return fused;
    problem.held = DType::kF32;
    problem.params.relu = false;
    ASSIGN_OR_RETURN(const Tensor wide, Wide(in));
    ASSIGN_OR_RETURN(const Tensor weight, Wide(weight_));
    ASSIGN_OR_RETURN(Tensor sum, device_->Allocate(y->shape(), DType::kF32));
    RETURN_IF_ERROR(
        engine_->Forward(problem, wide, weight, bias_, nullptr, &sum));
    return End(sum, z, y);
  }

  absl::Status GradientOfWeight(const Tensor& x, const Tensor& gy, bool add,
                                float* gweight, float* gbias) override {
    ASSIGN_OR_RETURN(const Tensor gw, WeightSums(x, gy));
    RETURN_IF_ERROR(ForEach(device_,
                            PutBody<float>{Elements<float>(gw), add, gweight},
                            gw.num_elements()));
    ASSIGN_OR_RETURN(const Tensor sums, ChannelTotalsOn(device_, gy, gy));
    return ForEach(device_, PutBody<double>{Elements<double>(sums), add, gbias},
                   sums.dim(1));
  }

  // Of the operand's type.
  absl::StatusOr<Tensor> GradientOfX(const Shape& x,
                                     const Tensor& gy) override {
    ConvProblem problem = ProblemOf(x, gy.shape());
    ASSIGN_OR_RETURN(const Tensor g, Operand(gy));
    ASSIGN_OR_RETURN(Tensor gx, device_->Allocate(x, operand_));
    const absl::Status done = engine_->GradientOfX(problem, weight_, g, &gx);
    if (done.ok()) return gx;
    if (!MayWiden(done)) return done;
    problem.held = DType::kF32;
    ASSIGN_OR_RETURN(const Tensor wide, Wide(g));
    ASSIGN_OR_RETURN(const Tensor weight, Wide(weight_));
    ASSIGN_OR_RETURN(Tensor sums, device_->Allocate(x, DType::kF32));
    RETURN_IF_ERROR(engine_->GradientOfX(problem, weight, wide, &sums));
    return ConvertOn(device_, sums, operand_);
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
    ASSIGN_OR_RETURN(bias_, device_->ToDevice(bias));
    ASSIGN_OR_RETURN(weight_, Operand(ohwi));
    return absl::OkStatus();
  }

  // The gradient of the weights, f32 [out,kh,kw,in] on the device; its numbers
  // are of the operand's type where the engine takes that.
  absl::StatusOr<Tensor> WeightSums(const Tensor& x, const Tensor& gy) {
    ConvProblem problem = ProblemOf(x.shape(), gy.shape());
    ASSIGN_OR_RETURN(const Tensor in, Operand(x));
    ASSIGN_OR_RETURN(const Tensor g, Operand(gy));
    ASSIGN_OR_RETURN(Tensor gw, device_->Allocate(StoredShape(), operand_));
    const absl::Status done = engine_->GradientOfWeight(problem, in, g, &gw);
    if (done.ok()) return Wide(gw);
    if (!MayWiden(done)) return done;
    problem.held = DType::kF32;
    ASSIGN_OR_RETURN(const Tensor wide_in, Wide(in));
    ASSIGN_OR_RETURN(const Tensor wide_g, Wide(g));
    ASSIGN_OR_RETURN(Tensor sums,
                     device_->Allocate(StoredShape(), DType::kF32));
    RETURN_IF_ERROR(engine_->GradientOfWeight(problem, wide_in, wide_g, &sums));
    return sums;
  }

  ConvProblem ProblemOf(const Shape& x, const Shape& y) const {
    return {params(), weight_shape(), x, y, operand_, operand_};
  }

  // Whether the same numbers as f32 may be what the engine computes.
  bool MayWiden(const absl::Status& status) const {
    return absl::IsUnimplemented(status) && operand_ != DType::kF32;
  }

  // t on the device, rounded to the operand's type.
  absl::StatusOr<Tensor> Operand(const Tensor& t) {
    ASSIGN_OR_RETURN(const Tensor in, device_->ToDevice(t));
    if (in.type() == operand_) return in;
    return ConvertOn(device_, in, operand_);
  }

  // The numbers of t, which is on the device, as f32.
  absl::StatusOr<Tensor> Wide(const Tensor& t) {
    if (t.type() == DType::kF32) return t;
    return ConvertOn(device_, t, DType::kF32);
  }

  absl::Status End(const Tensor& sum, const Tensor* residual, Tensor* y) {
    return WithMapType(y->type(), [&](auto t) {
      using Y = MapElement<decltype(t)>;
      const ConvEndBody<Y> body = {
          params().relu, Elements<float>(sum),
          residual == nullptr ? nullptr : Elements<Y>(*residual),
          MutableElements<Y>(y)};
      return ForEach(device_, body, y->num_elements());
    });
  }

  ComputeDevice* const device_;
  DeviceConvs* const engine_;
  const DType operand_;
  const OutputFactors factors_;
  Tensor prepared_;  // the factors, on the device
  // On the device: [out,kh,kw,in] of the operand's type, and f32.
  Tensor weight_, bias_;
};

}  // namespace

ConvProblem::Key ConvProblem::key() const {
  return {params.stride,
          params.pad,
          params.dilation,
          weight.dim(0),
          weight.dim(1),
          weight.dim(2),
          weight.dim(3),
          static_cast<int64_t>(operand),
          static_cast<int64_t>(held),
          x.dim(0),
          x.dim(1),
          x.dim(2),
          y.dim(1)};
}

ConvProblem::Key ConvProblem::any_size_key() const {
  Key key = this->key();
  for (size_t i = 9; i < key.size(); ++i) key[i] = 0;
  return key;
}

absl::StatusOr<std::unique_ptr<Convolution>> DeviceConvs::Prepare(
    const ConvParams& params, const Tensor& weight, const Tensor& bias) {
  auto conv = std::make_unique<DeviceConv>(this, params, weight.shape(),
                                           absl::Span<const float>());
  RETURN_IF_ERROR(conv->SetOnce(weight, bias));
  return conv;
}

absl::StatusOr<std::unique_ptr<TrainedConvolution>> DeviceConvs::Make(
    const ConvParams& params, const Shape& weight_shape,
    absl::Span<const float> factors) {
  auto conv = std::make_unique<DeviceConv>(this, params, weight_shape, factors);
  RETURN_IF_ERROR(conv->PrepareFactors());
  return conv;
}

}  // namespace fcis::kernels
