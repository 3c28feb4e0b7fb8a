#include "fcis/train/network/conv_layer.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/bin_major.h"
#include "fcis/model/fold_batch_norm.h"

namespace fcis {

ConvLayer::ConvLayer(const ConvLayerOptions& options, TrainBackend* backend)
    : options_(options), backend_(backend), plain_(0) {}

absl::StatusOr<std::unique_ptr<ConvLayer>> ConvLayer::Create(
    const Weights& weights, const ConvLayerOptions& options,
    TrainBackend* backend) {
  auto layer = absl::WrapUnique(new ConvLayer(options, backend));
  const std::string name = options.conv + "/W";
  const Shape shape = weights.tensors.at(name).shape();
  Tensor factors(Shape{0});
  const NormTraining& training = options.training;
  const bool batch = training.batch && !options.norm.empty();
  layer->bias_trained_ =
      !batch && (options.norm.empty() || training.train_beta);
  layer->shift_ = Tensor::Zeros({shape.dim(0)});
  ConvParams params = options.params;
  if (batch) {
    params.relu = false;
    layer->norm_ = absl::make_unique<BatchNorm>(
        options.norm, shape.dim(0), options.norm_eps, training.batch_options,
        backend);
  } else if (!options.norm.empty()) {
    // Not the bias less beta: that would round by the beta of the moment, and
    // a resumed run would not be the same.
    ASSIGN_OR_RETURN(const FoldedNorm folded,
                     FoldNorm(weights, options.norm, options.norm_eps,
                              /*with_beta=*/!training.train_beta));
    factors = folded.factor;
    layer->shift_ = folded.bias;
  }
  ASSIGN_OR_RETURN(layer->conv_,
                   backend->MakeConv(params, shape, factors.span<float>()));
  const TrainConv* conv = layer->conv_.get();
  const int group = options.group_size;
  layer->weight_.name = name;
  layer->weight_.shape = shape;
  layer->weight_.factors = &conv->factors();
  layer->weight_.layout = conv->layout();
  layer->weight_.to_file = [conv, group](const float* stored) {
    const Tensor weight = conv->FromStored(stored);
    return group > 0 ? ReferenceRows(weight, group) : weight;
  };
  layer->weight_.from_file = [conv, group](const Tensor& file, float* stored) {
    conv->ToStored(group > 0 ? BinMajorRows(file, group) : file, stored);
  };

  const Shape outputs = {shape.dim(0)};
  layer->plain_ = OutputFactors(shape.dim(0));
  layer->bias_.name =
      options.norm.empty() ? options.conv + "/b" : options.norm + "/beta";
  layer->bias_.shape = outputs;
  layer->bias_.factors = &layer->plain_;
  layer->bias_.layout = "plain";
  layer->bias_.is_bias = true;
  layer->bias_.to_file = [outputs, group](const float* stored) {
    const Tensor bias = Tensor::FromSpan(
        outputs, absl::MakeConstSpan(stored, outputs.num_elements()));
    return group > 0 ? ReferenceRows(bias, group) : bias;
  };
  layer->bias_.from_file = [group](const Tensor& file, float* stored) {
    const Tensor bias = group > 0 ? BinMajorRows(file, group) : file;
    std::copy_n(bias.data<float>(), bias.num_elements(), stored);
  };
  layer->unused_bias_gradient_ = Tensor(outputs);
  return layer;
}

std::vector<Parameter*> ConvLayer::parameters() {
  std::vector<Parameter*> all = {&weight_};
  if (bias_trained_) all.push_back(&bias_);
  if (norm_ != nullptr) {
    for (Parameter* p : norm_->parameters()) all.push_back(p);
  }
  return all;
}

absl::Status ConvLayer::Load(const Weights& weights) {
  for (Parameter* p : parameters()) {
    p->from_file(weights.tensors.at(p->name), p->value);
  }
  if (norm_ != nullptr) norm_->Load(weights);
  return Refresh();
}

void ConvLayer::Save(Weights* weights) const {
  weights->tensors[weight_.name] = weight_.to_file(weight_.value);
  if (bias_trained_) {
    weights->tensors[bias_.name] = bias_.to_file(bias_.value);
  }
  if (norm_ != nullptr) norm_->Save(weights);
}

absl::Status ConvLayer::Refresh() {
  if (!bias_trained_) return conv_->Set(weight_.value, shift_.data<float>());
  Tensor bias = shift_.Clone();
  const float* trained = bias_.value;
  for (float& v : bias.mutable_span<float>()) v += *trained++;
  return conv_->Set(weight_.value, bias.data<float>());
}

absl::StatusOr<FeatureMap> ConvLayer::Forward(const FeatureMap& x,
                                              const FeatureMap* residual) {
  if (norm_ == nullptr) return backend_->Conv(*conv_, x, residual);
  ASSIGN_OR_RETURN(const FeatureMap y, backend_->Conv(*conv_, x, nullptr));
  return norm_->Forward(y, residual, options_.params.relu);
}

absl::Status ConvLayer::Backward(const FeatureMap& x, const FeatureMap& gy,
                                 bool add, FeatureMap* gx) {
  float* gbias = bias_trained_ ? bias_.gradient
                               : unused_bias_gradient_.mutable_data<float>();
  FeatureMap gconv = gy;
  if (norm_ != nullptr) {
    ASSIGN_OR_RETURN(gconv, norm_->Backward(gy, add));
  }
  return backend_->ConvGradient(*conv_, x, gconv, add, weight_.gradient, gbias,
                                gx);
}

absl::Span<const float> ConvLayer::bias_gradient() const {
  return bias_trained_ ? absl::MakeConstSpan(bias_.gradient, bias_.size())
                       : unused_bias_gradient_.span<float>();
}

}  // namespace fcis
