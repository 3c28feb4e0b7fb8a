#include "fcis/train/network/train_bottleneck.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {

absl::StatusOr<TrainBottleneck> TrainBottleneck::Create(
    const Weights& weights, const std::string& name,
    const BottleneckParams& params, const NormTraining& training,
    TrainBackend* backend) {
  const auto make = [&](int index, const ConvParams& conv, double eps) {
    ConvLayerOptions options;
    options.params = conv;
    options.conv = absl::StrCat(name, "/conv", index);
    options.norm = absl::StrCat(name, "/bn", index);
    options.norm_eps = eps;
    options.training = training;
    return ConvLayer::Create(weights, options, backend);
  };
  const BottleneckConvs convs = ConvsOf(params);
  TrainBottleneck block;
  block.backend_ = backend;
  ASSIGN_OR_RETURN(block.reduce_, make(1, convs.reduce, params.bn_eps));
  ASSIGN_OR_RETURN(block.spatial_, make(2, convs.spatial, params.bn_eps));
  ASSIGN_OR_RETURN(block.expand_, make(3, convs.expand, params.bn_eps));
  if (weights.tensors.count(name + "/conv4/W") != 0) {
    ASSIGN_OR_RETURN(block.project_,
                     make(4, convs.project, params.bn_eps_projection));
    block.layers_.push_back(block.project_.get());
  }
  for (const auto* layer : {&block.expand_, &block.spatial_, &block.reduce_}) {
    block.layers_.push_back(layer->get());
  }
  return block;
}

absl::StatusOr<FeatureMap> TrainBottleneck::Forward(const FeatureMap& x) {
  x_ = x;
  ASSIGN_OR_RETURN(reduced_, reduce_->Forward(x));
  ASSIGN_OR_RETURN(convolved_, spatial_->Forward(reduced_));
  if (project_ == nullptr) return expand_->Forward(convolved_, &x);
  ASSIGN_OR_RETURN(const FeatureMap shortcut, project_->Forward(x));
  return expand_->Forward(convolved_, &shortcut);
}

absl::Status TrainBottleneck::Backward(FeatureMap g, bool add, FeatureMap* gx) {
  FeatureMap through;  // the shortcut: g itself, or the projection's gradient
  if (project_ != nullptr) {
    RETURN_IF_ERROR(
        project_->Backward(x_, g, add, gx == nullptr ? nullptr : &through));
  }
  FeatureMap inner;
  RETURN_IF_ERROR(expand_->Backward(convolved_, g, add, &inner));
  if (project_ == nullptr) through = g;
  g = FeatureMap();
  RETURN_IF_ERROR(backend_->Combine(&convolved_, nullptr, &inner));
  convolved_ = FeatureMap();
  FeatureMap outer;
  RETURN_IF_ERROR(spatial_->Backward(reduced_, inner, add, &outer));
  RETURN_IF_ERROR(backend_->Combine(&reduced_, nullptr, &outer));
  reduced_ = FeatureMap();
  RETURN_IF_ERROR(reduce_->Backward(x_, outer, add, gx));
  if (gx != nullptr) RETURN_IF_ERROR(backend_->Combine(&x_, &through, gx));
  x_ = FeatureMap();
  return absl::OkStatus();
}

}  // namespace fcis
