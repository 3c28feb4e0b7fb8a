#include "fcis/train/network/conv_layer.h"

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/bin_major.h"
#include "fcis/model/fold_batch_norm.h"

namespace fcis::train {

ConvLayer::ConvLayer(const model::ConvSpec& spec,
                     kernels::TrainBackend* backend)
    : spec_(spec),
      backend_(backend),
      math_(&backend->parameters()),
      plain_(0) {}

absl::StatusOr<std::unique_ptr<ConvLayer>> ConvLayer::Create(
    const model::Weights& weights, const model::ConvSpec& spec,
    const TrainConfig& recipe, Communicator* shared,
    kernels::TrainBackend* backend) {
  auto layer = absl::WrapUnique(new ConvLayer(spec, backend));
  const std::string name = spec.name + "/W";
  const Shape shape = weights.tensors.at(name).shape();
  Tensor factors(Shape{0});
  const bool batch =
      recipe.normalization() == TrainConfig::BATCH && !spec.norm.empty();
  const bool train_beta = recipe.normalization() == TrainConfig::BIAS;
  layer->bias_trained_ = !batch && (spec.norm.empty() || train_beta);
  Tensor shift = Tensor::Zeros({shape.dim(0)});
  kernels::ConvParams params = spec.params;
  params.f32_output = false;  // Export makes it so
  if (batch) {
    params.relu = false;
    layer->norm_ =
        std::make_unique<BatchNorm>(spec.norm, shape.dim(0), spec.norm_eps,
                                    recipe.norm_momentum(), shared, backend);
  } else if (!spec.norm.empty()) {
    // Not the bias less beta: that would round by the beta of the moment, and
    // a resumed run would not be the same.
    ASSIGN_OR_RETURN(const model::FoldedNorm folded,
                     model::FoldNorm(weights, spec.norm, spec.norm_eps,
                                     /*with_beta=*/!train_beta));
    factors = folded.factor;
    shift = folded.bias;
  }
  ASSIGN_OR_RETURN(layer->conv_, backend->forward().MakeConv(
                                     params, shape, factors.span<float>()));
  const kernels::TrainedConvolution* conv = layer->conv_.get();
  const int group = spec.group_size;
  layer->weight_.name = name;
  layer->weight_.shape = shape;
  layer->weight_.factors = &conv->factors();
  layer->weight_.layout = conv->layout();
  layer->weight_.to_file = [conv, group](const float* stored) {
    const Tensor weight = conv->FromStored(stored);
    return group > 0 ? model::ReferenceRows(weight, group) : weight;
  };
  layer->weight_.from_file = [conv, group](const Tensor& file, float* stored) {
    conv->ToStored(group > 0 ? model::BinMajorRows(file, group) : file, stored);
  };

  layer->plain_ = kernels::OutputFactors(shape.dim(0));
  DescribeBias(spec.norm.empty() ? spec.name + "/b" : spec.norm + "/beta",
               shape.dim(0), group, &layer->plain_, &layer->bias_);
  RETURN_IF_ERROR(layer->AllocateBiases(shift));
  return layer;
}

absl::Status ConvLayer::AllocateBiases(const Tensor& shift) {
  const int64_t n = shift.num_elements();
  ASSIGN_OR_RETURN(shift_, math_->Zeros(n));
  RETURN_IF_ERROR(math_->Put(shift.data<float>(), n, kernels::Floats(&shift_)));
  Tensor* const of_training = bias_trained_ ? &sum_ : &unused_bias_gradient_;
  ASSIGN_OR_RETURN(*of_training, math_->Zeros(n));
  return absl::OkStatus();
}

std::vector<Parameter*> ConvLayer::parameters() {
  std::vector<Parameter*> all = {&weight_};
  if (bias_trained_) all.push_back(&bias_);
  if (norm_ != nullptr) {
    for (Parameter* p : norm_->parameters()) all.push_back(p);
  }
  return all;
}

absl::Status ConvLayer::Load(const model::Weights& weights) {
  for (Parameter* p : parameters()) {
    RETURN_IF_ERROR(
        PutTensor(*p, weights.tensors.at(p->name), math_, p->value));
  }
  if (norm_ != nullptr) norm_->LoadStatistics(weights);
  return Refresh();
}

absl::Status ConvLayer::Save(model::Weights* weights) const {
  ASSIGN_OR_RETURN(weights->tensors[weight_.name],
                   FetchTensor(weight_, weight_.value, math_));
  if (bias_trained_) {
    ASSIGN_OR_RETURN(weights->tensors[bias_.name],
                     FetchTensor(bias_, bias_.value, math_));
  }
  return norm_ == nullptr ? absl::OkStatus() : norm_->Save(weights);
}

absl::Status ConvLayer::Refresh() {
  if (!bias_trained_)
    return conv_->Set(weight_.value, kernels::Floats(&shift_));
  RETURN_IF_ERROR(math_->Add(kernels::Floats(&shift_), bias_.value,
                             shift_.num_elements(), kernels::Floats(&sum_)));
  return conv_->Set(weight_.value, kernels::Floats(&sum_));
}

absl::StatusOr<Tensor> ConvLayer::Forward(const Tensor& x,
                                          const Tensor* residual) {
  kernels::Backend& forward = backend_->forward();
  if (norm_ == nullptr && residual != nullptr) {
    return kernels::ops::Conv(forward, *conv_, x, *residual);
  }
  ASSIGN_OR_RETURN(const Tensor y, kernels::ops::Conv(forward, *conv_, x));
  if (norm_ == nullptr) return y;
  return norm_->Forward(y, residual, spec_.params.relu);
}

absl::Status ConvLayer::Backward(const Tensor& x, const Tensor& gy, bool add,
                                 Tensor* gx) {
  float* gbias =
      bias_trained_ ? bias_.gradient : kernels::Floats(&unused_bias_gradient_);
  Tensor gconv = gy;
  if (norm_ != nullptr) {
    ASSIGN_OR_RETURN(gconv, norm_->Backward(gy, add));
  }
  RETURN_IF_ERROR(
      conv_->GradientOfWeight(x, gconv, add, weight_.gradient, gbias));
  if (gx == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(*gx, conv_->GradientOfX(x.shape(), gconv));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> ConvLayer::BiasGradient() const {
  std::vector<float> host(shift_.num_elements());
  const void* from =
      bias_trained_ ? bias_.gradient : unused_bias_gradient_.raw();
  RETURN_IF_ERROR(math_->Fetch(static_cast<const float*>(from),
                               shift_.num_elements(), host.data()));
  return host;
}

}  // namespace fcis::train
