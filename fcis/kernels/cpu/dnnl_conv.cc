#include "fcis/kernels/cpu/dnnl_conv.h"

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/amx_conv.h"
#include "fcis/kernels/cpu/amx_gradient.h"
#include "fcis/kernels/cpu/conv_maps.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/dnnl_passes.h"
#include "fcis/kernels/cpu/pointwise_gradient.h"
#include "fcis/kernels/cpu/wino_choice.h"

namespace fcis::kernels {
namespace {

// Whether convolutions of this type have AMX, beside which Winograd's algorithm
// gains nothing.
bool HasAmx(DType compute) {
  return compute == DType::kBF16 && HasIsa(dnnl::cpu_isa::avx512_core_amx);
}

}  // namespace

std::shared_ptr<const ConvPlan> DnnlConvs::Plan(const ConvSetup& setup,
                                                ConvPass pass) {
  const ConvSetup::Key key = setup.key(pass);
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::shared_ptr<Entry>& place = (setup.trained ? trained_ : prepared_)[key];
    if (place == nullptr) place = std::make_shared<Entry>();
    entry = place;
  }
  const std::lock_guard<std::mutex> lock(entry->mutex);
  if (!entry->plan) entry->plan = MakeConvPlan(setup, pass, context_.engine());
  return {entry, &*entry->plan};
}

bool DnnlConvs::SumsByAmx(const ConvParams& params, const Shape& weight) const {
  return compute_ == DType::kBF16 && FitsAmxGradient(params, weight);
}

bool DnnlConvs::SumsPointwise(const ConvParams& params,
                              const Shape& weight) const {
  return compute_ == DType::kF32 && FitsPointwiseGradient(params, weight);
}

bool DnnlConvs::TrainsByWinograd(const ConvParams& params,
                                 const Shape& weight) const {
  // In bf16 such a CPU multiplies twice as fast as in f32 at most, and
  // oneDNN's gradients do not reach that.
  const bool can =
      compute_ == DType::kF32 || HasIsa(dnnl::cpu_isa::avx512_core);
  return algorithm_ != ConvAlgorithm::kDirect && can && !HasAmx(compute_) &&
         WinoConv::Fits(params, weight);
}

absl::StatusOr<std::unique_ptr<Convolution>> DnnlConvs::Prepare(
    const ConvParams& params, const Tensor& weight, const Tensor& bias) {
  if (compute_ == DType::kBF16 && CpuHasAmx() &&
      AmxConv::Fits(params, weight.shape(), compute_) &&
      AmxConv::Pays(weight.shape(), compute_)) {
    return PrepareAmxConv(params, weight, bias);
  }
  if (algorithm_ == ConvAlgorithm::kDirect || HasAmx(compute_) ||
      !WinoConv::Fits(params, weight.shape(), compute_)) {
    return MakePreparedPasses(this, params, weight, bias);
  }
  return MakeWinoOrDirect(algorithm_, compute_, params, weight, bias,
                          [=](const Tensor& w) {
                            return MakePreparedPasses(this, params, w, bias);
                          });
}

absl::StatusOr<std::unique_ptr<TrainedConvolution>> DnnlConvs::Make(
    const ConvParams& params, const Shape& weight_shape,
    absl::Span<const float> factors) {
  const bool by_phases = FitsPhases(params, weight_shape, compute_);
  ConvSetup usual;
  usual.params = OverMaps(params, weight_shape, by_phases);
  const bool in_blocks = TrainsByWinograd(params, weight_shape) ||
                         SumsPointwise(usual.params, weight_shape) ||
                         SumsByAmx(params, weight_shape);
  usual.weight = weight_shape;
  usual.x = {1, 40, 64, weight_shape.dim(1)};
  ASSIGN_OR_RETURN(usual.y,
                   ops::InferConvShape(usual.params, usual.x, weight_shape));
  usual.pads = {usual.params.pad, usual.params.pad};
  usual.layout = Layout::kBackend;
  usual.compute = usual.output = compute_;
  usual.trained = true;
  usual.winograd = algorithm_ != ConvAlgorithm::kDirect;
  std::unique_ptr<TrainedConvolution> conv;
  RETURN_IF_ERROR(DnnlGuard(
      [&] { return absl::StrCat("kernel ", weight_shape.ToString()); },
      [&] {
        conv = MakeTrainedPasses(
            this, params, by_phases ? params.dilation : 1, weight_shape,
            in_blocks ? KernelDesc(weight_shape, DType::kF32,
                                   dnnl::memory::format_tag::OIhw16i16o)
                      : Plan(usual, ConvPass::kWeights)->weights,
            factors);
      }));
  return conv;
}

}  // namespace fcis::kernels
