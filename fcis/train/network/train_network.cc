#include "fcis/train/network/train_network.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/round_up.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/max_pool.h"

namespace fcis::train {
namespace {

constexpr int kMostFrozen = 3;  // res1 .. res3

// The sum of `found`, 0 where `gate` is 0; null: without one. Their elements
// may be written over.
absl::StatusOr<Tensor> SumOf(std::vector<Tensor> found, const Tensor* gate,
                             kernels::TrainBackend* backend) {
  Tensor sum = std::move(found[0]);
  if (found.size() == 1 && gate != nullptr) {
    RETURN_IF_ERROR(backend->Combine(gate, nullptr, &sum));
  }
  for (size_t k = 1; k < found.size(); ++k) {
    RETURN_IF_ERROR(backend->Combine(gate, &sum, &found[k]));
    sum = std::move(found[k]);
  }
  return sum;
}

}  // namespace

bool IsFrozen(const model::ConvSpec& layer, int stages) {
  return layer.stage > 0 && layer.stage <= stages;
}

struct TrainNetwork::Pending {
  std::vector<std::vector<Tensor>> of_layer;
  std::vector<Tensor> of_picture;
  bool wants_picture = false;
};

absl::StatusOr<std::unique_ptr<TrainNetwork>> TrainNetwork::Create(
    const model::Weights& weights, const TrainConfig& recipe,
    kernels::TrainBackend* backend, Communicator* job) {
  RETURN_IF_ERROR(model::CheckWeights(weights));
  return Create(model::TopologyOf(weights.config), weights, recipe, backend,
                job);
}

absl::StatusOr<std::unique_ptr<TrainNetwork>> TrainNetwork::Create(
    const model::Topology& topology, const model::Weights& weights,
    const TrainConfig& recipe, kernels::TrainBackend* backend,
    Communicator* job) {
  RETURN_IF_ERROR(model::CheckTensors(topology, weights));
  if (recipe.frozen_stages() < 0 || recipe.frozen_stages() > kMostFrozen) {
    return absl::InvalidArgumentError(absl::StrCat(
        "frozen_stages is ", recipe.frozen_stages(), ", expected 0 (none) to ",
        kMostFrozen, " (res1 .. res", kMostFrozen, ")"));
  }
  auto network = absl::WrapUnique(new TrainNetwork(topology, weights, backend));
  if (recipe.normalization() == TrainConfig::BATCH &&
      recipe.shared_statistics() && job != nullptr && job->size() > 1) {
    network->shared_ = job;
  }
  RETURN_IF_ERROR(network->AddFrozen(recipe.frozen_stages()));
  RETURN_IF_ERROR(network->AddLayers(recipe));
  RETURN_IF_ERROR(network->MarkOutputs());
  RETURN_IF_ERROR(network->Allocate());
  RETURN_IF_ERROR(network->Load(weights));
  return network;
}

absl::Status TrainNetwork::AddFrozen(int stages) {
  std::vector<bool> read(topology_.layers.size());
  bool any = false;
  for (const model::ConvSpec& layer : topology_.layers) {
    if (IsFrozen(layer, stages)) {
      any = true;
      continue;
    }
    for (const int from : {layer.source, layer.residual}) {
      if (from >= 0) read[static_cast<size_t>(from)] = true;
    }
  }
  if (!any) return absl::OkStatus();
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i] && IsFrozen(topology_.layers[i], stages)) {
      frozen_outputs_.push_back(static_cast<int>(i));
    }
  }
  ASSIGN_OR_RETURN(model::Network made,
                   model::Network::Create(topology_, frozen_outputs_, weights_,
                                          &backend_->forward()));
  frozen_ = std::make_unique<model::Network>(std::move(made));
  return absl::OkStatus();
}

absl::Status TrainNetwork::AddLayers(const TrainConfig& recipe) {
  maps_.resize(topology_.layers.size());
  for (size_t i = 0; i < topology_.layers.size(); ++i) {
    const model::ConvSpec& spec = topology_.layers[i];
    if (IsFrozen(spec, recipe.frozen_stages())) continue;
    Layer layer;
    layer.index = static_cast<int>(i);
    ASSIGN_OR_RETURN(layer.conv, ConvLayer::Create(weights_, spec, recipe,
                                                   shared_, backend_));
    trained_.push_back(std::move(layer));
  }
  return absl::OkStatus();
}

absl::Status TrainNetwork::MarkOutputs() {
  for (size_t k = 0; k < topology_.outputs.size(); ++k) {
    const int output = topology_.outputs[k];
    bool ends = false;
    for (Layer& layer : trained_) {
      const model::ConvSpec& spec = SpecOf(layer);
      if (spec.source == output || spec.residual == output) {
        return absl::InvalidArgumentError(
            absl::StrCat("an output of the network is read by ", spec.name));
      }
      if (layer.index != output) continue;
      layer.output = static_cast<int>(k);
      ends = !spec.params.relu && !spec.pooled;
    }
    if (!ends) {
      return absl::InvalidArgumentError(absl::StrCat(
          topology_.layers[static_cast<size_t>(output)].name,
          ": an output of the network must be trained, without a ReLU"));
    }
  }
  return absl::OkStatus();
}

absl::Status TrainNetwork::Allocate() {
  for (size_t i = trained_.size(); i-- > 0;) {
    layers_.push_back(trained_[i].conv.get());
  }
  // Each parameter starts on a cache line.
  constexpr int64_t kLine = 16;
  int64_t total = 0;
  for (ConvLayer* layer : layers_) {
    for (Parameter* p : layer->parameters()) {
      parameters_.push_back(p);
      total += RoundUp(p->size(), kLine);
    }
    complete_.resize(parameters_.size());
    complete_.back() = layer;
  }
  ASSIGN_OR_RETURN(values_, math()->Zeros(total));
  ASSIGN_OR_RETURN(gradients_, math()->Zeros(total));
  int64_t at = 0;
  for (Parameter* p : parameters_) {
    p->value = kernels::Floats(&values_) + at;
    p->gradient = kernels::Floats(&gradients_) + at;
    at += RoundUp(p->size(), kLine);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> TrainNetwork::FetchValues() const {
  std::vector<float> host(static_cast<size_t>(num_values()));
  RETURN_IF_ERROR(math()->Fetch(static_cast<const float*>(values_.raw()),
                                num_values(), host.data()));
  return host;
}

absl::Status TrainNetwork::Load(const model::Weights& weights) {
  RETURN_IF_ERROR(model::CheckTensors(topology_, weights));
  for (ConvLayer* layer : layers_) RETURN_IF_ERROR(layer->Load(weights));
  return absl::OkStatus();
}

absl::Status TrainNetwork::Refresh() {
  for (ConvLayer* layer : layers_) RETURN_IF_ERROR(layer->Refresh());
  return absl::OkStatus();
}

absl::Status TrainNetwork::Refresh(int parameter) {
  ConvLayer* const layer = complete_[static_cast<size_t>(parameter)];
  return layer == nullptr ? absl::OkStatus() : layer->Refresh();
}

absl::StatusOr<model::Weights> TrainNetwork::Save() const {
  model::Weights weights = weights_;
  for (const ConvLayer* layer : layers_) {
    RETURN_IF_ERROR(layer->Save(&weights));
  }
  return weights;
}

absl::StatusOr<bool> TrainNetwork::AllAgree(bool answer) {
  if (shared_ == nullptr) return answer;
  ASSIGN_OR_RETURN(const int against, shared_->Sum(answer ? 0 : 1));
  return against == 0;
}

Tensor& TrainNetwork::MapOf(int index) {
  return index == model::ConvSpec::kPicture ? picture_
                                            : maps_[static_cast<size_t>(index)];
}

absl::Status TrainNetwork::RunFrozen(const Tensor& prepared) {
  ASSIGN_OR_RETURN(const std::vector<Tensor> outputs,
                   frozen_->Run(prepared, nullptr));
  for (size_t k = 0; k < outputs.size(); ++k) {
    ASSIGN_OR_RETURN(MapOf(frozen_outputs_[k]),
                     backend_->ToOwnLayout(outputs[k]));
  }
  return absl::OkStatus();
}

absl::Status TrainNetwork::ForwardLayer(Layer* layer) {
  const model::ConvSpec& spec = SpecOf(*layer);
  const Tensor* residual =
      spec.residual == model::ConvSpec::kNone ? nullptr : &MapOf(spec.residual);
  ASSIGN_OR_RETURN(Tensor y,
                   layer->conv->Forward(MapOf(spec.source), residual));
  if (spec.pooled) {
    layer->unpooled = y;
    ASSIGN_OR_RETURN(
        y, kernels::ops::MaxPool(backend_->forward(), kernels::MaxPoolParams(),
                                 layer->unpooled));
  }
  MapOf(layer->index) = std::move(y);
  return absl::OkStatus();
}

absl::StatusOr<TrainNetwork::Outputs> TrainNetwork::Forward(
    const Tensor& prepared) {
  if (frozen_ != nullptr) {
    RETURN_IF_ERROR(RunFrozen(prepared));
  } else {
    ASSIGN_OR_RETURN(picture_, backend_->ToOwnLayout(prepared));
  }
  Outputs outputs(topology_.outputs.size());
  for (Layer& layer : trained_) {
    RETURN_IF_ERROR(ForwardLayer(&layer));
    if (layer.output < 0) continue;
    const DType type = SpecOf(layer).params.f32_output
                           ? DType::kF32
                           : backend_->forward().activation_type();
    Tensor& y = MapOf(layer.index);
    ASSIGN_OR_RETURN(outputs[static_cast<size_t>(layer.output)],
                     backend_->forward().Convert(y, type, Layout::kRowMajor));
    y = Tensor();
  }
  return outputs;
}

// Of the layer's convolution, before its ReLU.
absl::StatusOr<Tensor> TrainNetwork::GradientOf(Layer* layer,
                                                const Gradients& gradients,
                                                std::vector<Tensor> found) {
  if (layer->output >= 0) {
    return backend_->ToOwnLayout(gradients[static_cast<size_t>(layer->output)]);
  }
  const model::ConvSpec& spec = SpecOf(*layer);
  Tensor& y = MapOf(layer->index);
  ASSIGN_OR_RETURN(Tensor g, SumOf(std::move(found),
                                   spec.params.relu ? &y : nullptr, backend_));
  y = Tensor();
  if (!spec.pooled) return g;
  ASSIGN_OR_RETURN(g, backend_->MaxPoolGradient(kernels::MaxPoolParams(),
                                                layer->unpooled, g));
  if (spec.params.relu) {
    RETURN_IF_ERROR(backend_->Combine(&layer->unpooled, nullptr, &g));
  }
  layer->unpooled = Tensor();
  return g;
}

absl::Status TrainNetwork::BackwardLayer(Layer* layer, const Tensor& g,
                                         bool add, Pending* pending) {
  const model::ConvSpec& spec = SpecOf(*layer);
  const auto list = [&](int index) -> std::vector<Tensor>* {
    if (index == model::ConvSpec::kPicture) {
      return pending->wants_picture ? &pending->of_picture : nullptr;
    }
    const bool frozen =
        std::find(frozen_outputs_.begin(), frozen_outputs_.end(), index) !=
        frozen_outputs_.end();
    return frozen ? nullptr : &pending->of_layer[static_cast<size_t>(index)];
  };
  if (spec.residual != model::ConvSpec::kNone) {
    std::vector<Tensor>* const of_residual = list(spec.residual);
    if (of_residual != nullptr) of_residual->push_back(g);
  }
  std::vector<Tensor>* const of_source = list(spec.source);
  Tensor gx;
  RETURN_IF_ERROR(layer->conv->Backward(MapOf(spec.source), g, add,
                                        of_source == nullptr ? nullptr : &gx));
  if (of_source != nullptr) of_source->push_back(std::move(gx));
  return absl::OkStatus();
}

absl::Status TrainNetwork::Backward(const Gradients& gradients, bool add,
                                    const std::function<void(int)>& ready,
                                    Tensor* gpicture) {
  Pending pending;
  pending.of_layer.resize(topology_.layers.size());
  pending.wants_picture = gpicture != nullptr;
  int done = 0;
  for (size_t i = trained_.size(); i-- > 0;) {
    Layer& layer = trained_[i];
    ASSIGN_OR_RETURN(
        const Tensor g,
        GradientOf(
            &layer, gradients,
            std::move(pending.of_layer[static_cast<size_t>(layer.index)])));
    RETURN_IF_ERROR(BackwardLayer(&layer, g, add, &pending));
    done += static_cast<int>(layer.conv->parameters().size());
    if (ready) ready(done);
  }
  picture_ = Tensor();
  for (const int frozen : frozen_outputs_) MapOf(frozen) = Tensor();
  if (gpicture == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Tensor g,
                   SumOf(std::move(pending.of_picture), nullptr, backend_));
  ASSIGN_OR_RETURN(*gpicture, backend_->forward().Convert(g, DType::kF32,
                                                          Layout::kRowMajor));
  return absl::OkStatus();
}

}  // namespace fcis::train
