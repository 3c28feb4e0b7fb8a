#include "fcis/model/network.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/model/bin_major.h"
#include "fcis/model/fold_batch_norm.h"

namespace fcis::model {
namespace {

// Which layers the outputs need, themselves included.
std::vector<bool> Needed(const Topology& topology,
                         const std::vector<int>& outputs) {
  std::vector<bool> needed(topology.layers.size());
  for (const int output : outputs) needed[static_cast<size_t>(output)] = true;
  for (size_t i = needed.size(); i-- > 0;) {
    if (!needed[i]) continue;
    const ConvSpec& layer = topology.layers[i];
    for (const int read : {layer.source, layer.residual}) {
      if (read >= 0) needed[static_cast<size_t>(read)] = true;
    }
  }
  return needed;
}

absl::StatusOr<FoldedConv> KernelAndBias(const ConvSpec& layer,
                                         Weights* weights) {
  Tensor kernel = std::move(weights->tensors.at(layer.name + "/W"));
  if (!layer.norm.empty()) {
    return FoldBatchNorm(*weights, std::move(kernel), layer.norm,
                         layer.norm_eps);
  }
  FoldedConv conv = {std::move(kernel), weights->tensors.at(layer.name + "/b")};
  if (layer.group_size == 0) return conv;
  conv.weight = BinMajorRows(conv.weight, layer.group_size);
  conv.bias = BinMajorRows(conv.bias, layer.group_size);
  return conv;
}

// The norm's factors go into the scales of the output channels, and their signs
// into the elements.
void FoldFactors(const Tensor& factors, kernels::Int8Weights* weights) {
  weights->elements = weights->elements.Clone();
  weights->scale = weights->scale.Clone();
  const int64_t out = factors.num_elements();
  const int64_t row = weights->elements.num_elements() / out;
  int8_t* elements = weights->elements.mutable_data<int8_t>();
  float* scale = weights->scale.mutable_data<float>();
  for (int64_t o = 0; o < out; ++o, elements += row) {
    const float factor = factors.data<float>()[o];
    scale[o] *= std::abs(factor);
    constexpr float kNothing = 1e-30f;
    const bool none = scale[o] < kNothing;
    if (none) scale[o] = 1;
    if (!none && factor > 0) continue;
    for (int64_t i = 0; i < row; ++i) {
      // -128 has no opposite.
      elements[i] = none ? 0 : std::max<int>(-127, elements[i]) * -1;
    }
  }
}

absl::StatusOr<kernels::Int8Weights> Int8WeightsOf(const ConvSpec& layer,
                                                   const Weights& weights) {
  const Int8Kernel& kernel = weights.int8.kernels.at(layer.name);
  kernels::Int8Weights result = {kernel.elements, kernel.scale, Tensor()};
  if (!layer.norm.empty()) {
    ASSIGN_OR_RETURN(const FoldedNorm norm,
                     FoldNorm(weights, layer.norm, layer.norm_eps));
    FoldFactors(norm.factor, &result);
    result.bias = norm.bias;
    return result;
  }
  result.bias = weights.tensors.at(layer.name + "/b");
  if (layer.group_size == 0) return result;
  for (Tensor* t : {&result.elements, &result.scale, &result.bias}) {
    *t = BinMajorRows(*t, layer.group_size);
  }
  return result;
}

}  // namespace

absl::string_view PrecisionOf(const Weights& weights,
                              const kernels::Backend& backend) {
  return !weights.int8.empty() && backend.computes_int8() ? "int8"
                                                          : backend.precision();
}

absl::StatusOr<Network> Network::Create(const Topology& topology,
                                        const std::vector<int>& outputs,
                                        Weights weights,
                                        kernels::Backend* backend) {
  Network network;
  network.backend_ = backend;
  network.outputs_ = outputs;
  network.size_ = topology.layers.size();
  network.codes_->resize(Place(static_cast<int>(network.size_)));
  for (int i = ConvSpec::kPicture;
       backend->computes_int8() && i < static_cast<int>(network.size_); ++i) {
    const auto scale = weights.int8.maps.find(MapName(topology, i));
    if (scale == weights.int8.maps.end()) continue;
    (*network.codes_)[Place(i)] = MapCode(topology, i, scale->second);
  }
  const std::vector<bool> needed = Needed(topology, outputs);
  const std::vector<std::vector<int>> done =
      LastUses(topology, needed, outputs);
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    network.layers_.push_back(
        {static_cast<int>(i), topology.layers[i], nullptr, nullptr, done[i]});
  }
  std::vector<absl::Status> prepared(network.layers_.size());
  // All in this thread where the backend does not take calls of several.
  const auto all = static_cast<int64_t>(prepared.size());
  ParallelForEach(
      prepared.size(), backend->concurrent() ? 1 : all, [&](size_t i) {
        prepared[i] = network.Prepare(&weights, &network.layers_[i]);
      });
  for (const absl::Status& status : prepared) RETURN_IF_ERROR(status);
  return network;
}

std::shared_ptr<Network::Readiness> Network::ReadinessOf(
    const Shape& picture) const {
  auto size = std::make_shared<Readiness>();
  size->picture = picture;
  size->threads = NumThreads();
  std::vector<Shape> shapes(Place(static_cast<int>(size_)));
  shapes[Place(ConvSpec::kPicture)] = picture;
  size->rows = RowPass::Make(layers_, *codes_, outputs_, picture, CacheBytes(),
                             backend_);
  size_t first = 0;
  if (size->rows != nullptr) {
    first = size->rows->num_layers();
    size->calls = size->rows->Calls();
  }
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const ConvSpec& spec = layer.spec;
    const Shape& x = shapes[Place(spec.source)];
    const absl::StatusOr<Shape> y = kernels::ops::InferConvShape(
        spec.params, x, {spec.out, spec.in, spec.kernel, spec.kernel});
    if (!y.ok()) break;
    if (i >= first) {
      size->calls.push_back({i, x, *y, {spec.params.pad, spec.params.pad}});
    }
    shapes[Place(layer.index)] = spec.pooled ? *kernels::ops::InferMaxPoolShape(
                                                   kernels::MaxPoolParams(), *y)
                                             : *y;
  }
  return size;
}

std::shared_ptr<Network::Readiness> Network::ReadinessFor(
    const Shape& picture) const {
  constexpr size_t kMostSizes = 64;
  const std::lock_guard<std::mutex> lock(known_->mutex);
  for (const auto& size : known_->sizes) {
    if (size->picture == picture && size->threads == NumThreads()) return size;
  }
  if (known_->sizes.size() >= kMostSizes) known_->sizes.clear();
  known_->sizes.push_back(ReadinessOf(picture));
  return known_->sizes.back();
}

size_t Network::LayersByRows(const Shape& picture) const {
  if (!backend_->concurrent()) return 0;
  const std::shared_ptr<Readiness> size = ReadinessFor(picture);
  return size->rows == nullptr ? 0 : size->rows->num_layers();
}

void Network::Expect(const RowPass::Call& call) const {
  const Layer& layer = layers_[call.layer];
  const DType floats =
      kernels::ops::ConvOutputType(*backend_, layer.spec.params);
  const bool coded = layer.int8 != nullptr && layer.int8->int8_params().y;
  layer.conv
      ->Expect(call.x, call.pads, call.y,
               coded ? layer.int8->int8_params().y->type : floats,
               layer.spec.residual != ConvSpec::kNone)
      .IgnoreError();
}

std::shared_ptr<const Network::Readiness> Network::MakeReady(
    const Shape& picture) const {
  const std::shared_ptr<Readiness> size = ReadinessFor(picture);
  if (size->next >= size->calls.size()) return size;
  ParallelFor(NumThreads(), 1, [&](int64_t, int64_t) {
    for (size_t i; (i = size->next++) < size->calls.size();) {
      Expect(size->calls[i]);
    }
  });
  return size;
}

absl::Status Network::Prepare(Weights* weights, Layer* layer) const {
  const ConvSpec& spec = layer->spec;
  if (backend_->computes_int8() && weights->int8.kernels.count(spec.name) > 0) {
    kernels::Int8ConvParams params;
    params.conv = spec.params;
    params.x = *(*codes_)[Place(spec.source)];
    params.y = (*codes_)[Place(layer->index)];
    if (spec.residual != ConvSpec::kNone) {
      params.residual = (*codes_)[Place(spec.residual)];
    }
    ASSIGN_OR_RETURN(const kernels::Int8Weights folded,
                     Int8WeightsOf(spec, *weights));
    ASSIGN_OR_RETURN(std::unique_ptr<kernels::Int8Convolution> conv,
                     kernels::ops::PrepareInt8Conv(*backend_, params, folded));
    layer->int8 = conv.get();
    layer->conv = std::move(conv);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const FoldedConv folded, KernelAndBias(spec, weights));
  ASSIGN_OR_RETURN(layer->conv,
                   kernels::ops::PrepareConv(*backend_, spec.params,
                                             folded.weight, folded.bias));
  return absl::OkStatus();
}

Tensor Network::AsFloats(int of, const Tensor& map) const {
  return model::AsFloats((*codes_)[Place(of)], map,
                         backend_->activation_type());
}

absl::StatusOr<Tensor> Network::RunLayer(const Layer& layer,
                                         absl::Span<Tensor> values) const {
  const ConvSpec& spec = layer.spec;
  const Tensor& x = values[Place(spec.source)];
  absl::optional<Tensor> added;
  if (spec.residual != ConvSpec::kNone) {
    Tensor& residual = values[Place(spec.residual)];
    const bool last_use = spec.residual != spec.source &&
                          std::find(layer.done.begin(), layer.done.end(),
                                    spec.residual) != layer.done.end();
    added = last_use ? std::move(residual) : residual;
  }
  if (layer.int8 != nullptr) {
    return kernels::ops::Int8Conv(*backend_, *layer.int8, x, std::move(added));
  }
  if (added && (*codes_)[Place(spec.residual)]) {
    added = AsFloats(spec.residual, *added);
  }
  return kernels::ops::Conv(*backend_, *layer.conv, AsFloats(spec.source, x),
                            std::move(added));
}

LayerRun Network::RunOf(const Layer& layer,
                        absl::Span<const Tensor> values) const {
  const ConvSpec& spec = layer.spec;
  const Tensor& x = values[Place(spec.source)];
  const Tensor* const residual = spec.residual == ConvSpec::kNone
                                     ? nullptr
                                     : &values[Place(spec.residual)];
  LayerRun run = DescribeRun(
      layer, x.num_bytes() + (residual == nullptr ? 0 : residual->num_bytes()),
      backend_->activation_type());
  run.algorithm = layer.conv->AlgorithmFor(x, residual);
  return run;
}

absl::Status Network::Observe(const ConvSpec& layer, const Tensor& y,
                              const StageObserver& observer) const {
  if (!observer || layer.observed_as.empty()) return absl::OkStatus();
  return ObserveMap(observer, layer.observed_as, y, backend_, layer.group_size);
}

absl::StatusOr<std::vector<Tensor>> Network::Run(
    Tensor picture, const StageObserver& observer) const {
  std::vector<Tensor> outputs(outputs_.size());
  RETURN_IF_ERROR(
      RunInto(std::move(picture), observer, absl::MakeSpan(outputs)));
  return outputs;
}

absl::Status Network::RunInto(Tensor picture, const StageObserver& observer,
                              absl::Span<Tensor> outputs,
                              std::vector<LayerRun>* runs) const {
  std::shared_ptr<const Readiness> ready;
  if (backend_->concurrent()) ready = MakeReady(picture.shape());
  if (runs != nullptr) runs->assign(size_, LayerRun());
  Stopwatch watch;
  RecycledVector<Tensor> values(Place(static_cast<int>(size_)));
  Tensor& input = values[Place(ConvSpec::kPicture)];
  input = std::move(picture);
  if ((*codes_)[0]) input = kernels::ToInt8(input, *(*codes_)[0]);
  size_t first = 0;
  if (!observer && ready != nullptr && ready->rows != nullptr) {
    RETURN_IF_ERROR(ready->rows->Run(absl::MakeSpan(values), runs));
    first = ready->rows->num_layers();
    watch.Lap();  // the rows' time is in their runs
  }
  for (size_t i = first; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    LayerRun run;
    if (runs != nullptr) run = RunOf(layer, values);
    ASSIGN_OR_RETURN(Tensor y, RunLayer(layer, absl::MakeSpan(values)));
    if (layer.spec.pooled) {
      ASSIGN_OR_RETURN(
          y, kernels::ops::MaxPool(*backend_, kernels::MaxPoolParams(), y));
    }
    const absl::optional<kernels::Int8Code>& code =
        (*codes_)[Place(layer.index)];
    if (code && layer.int8 == nullptr) y = kernels::ToInt8(y, *code);
    if (observer) {
      RETURN_IF_ERROR(Observe(layer.spec, AsFloats(layer.index, y), observer));
    }
    if (runs != nullptr) {
      run.bytes_written = y.num_bytes();
      run.seconds = watch.Lap();
      (*runs)[static_cast<size_t>(layer.index)] = run;
    }
    for (const int done : layer.done) values[Place(done)] = Tensor();
    values[Place(layer.index)] = std::move(y);
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    outputs[i] = values[Place(outputs_[i])];
  }
  return absl::OkStatus();
}

}  // namespace fcis::model
