#include "fcis/model/network.h"

#include <algorithm>
#include <utility>

#include "fcis/core/base/status_macros.h"
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

// Of a layer's output, or the picture, among what a pass keeps.
size_t Place(int layer) {
  return static_cast<size_t>(layer - ConvSpec::kPicture);
}

absl::StatusOr<FoldedConv> KernelAndBias(const ConvSpec& layer,
                                         const Weights& weights) {
  if (!layer.norm.empty()) {
    return FoldBatchNorm(weights, layer.name, layer.norm, layer.norm_eps);
  }
  FoldedConv conv = {weights.tensors.at(layer.name + "/W"),
                     weights.tensors.at(layer.name + "/b")};
  if (layer.group_size == 0) return conv;
  conv.weight = BinMajorRows(conv.weight, layer.group_size);
  conv.bias = BinMajorRows(conv.bias, layer.group_size);
  return conv;
}

}  // namespace

absl::StatusOr<Network> Network::Create(const Topology& topology,
                                        const std::vector<int>& outputs,
                                        const Weights& weights,
                                        kernels::Backend* backend) {
  Network network;
  network.backend_ = backend;
  network.outputs_ = outputs;
  network.size_ = topology.layers.size();
  const std::vector<bool> needed = Needed(topology, outputs);
  const std::vector<std::vector<int>> done =
      LastUses(topology, needed, outputs);
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    Layer layer = {static_cast<int>(i), topology.layers[i], nullptr, done[i]};
    ASSIGN_OR_RETURN(const FoldedConv folded,
                     KernelAndBias(layer.spec, weights));
    ASSIGN_OR_RETURN(layer.conv,
                     kernels::ops::PrepareConv(*backend, layer.spec.params,
                                               folded.weight, folded.bias));
    network.layers_.push_back(std::move(layer));
  }
  return network;
}

absl::StatusOr<Tensor> Network::RunLayer(const Layer& layer,
                                         std::vector<Tensor>* values) const {
  const ConvSpec& spec = layer.spec;
  const Tensor& x = (*values)[Place(spec.source)];
  if (spec.residual == ConvSpec::kNone) {
    return kernels::ops::Conv(*backend_, *layer.conv, x);
  }
  Tensor& residual = (*values)[Place(spec.residual)];
  const bool last_use = spec.residual != spec.source &&
                        std::find(layer.done.begin(), layer.done.end(),
                                  spec.residual) != layer.done.end();
  return kernels::ops::Conv(*backend_, *layer.conv, x,
                            last_use ? std::move(residual) : residual);
}

absl::Status Network::Observe(const ConvSpec& layer, const Tensor& y,
                              const StageObserver& observer) const {
  if (!observer || layer.observed_as.empty()) return absl::OkStatus();
  if (layer.group_size == 0) {
    return ObserveMap(observer, layer.observed_as, y, backend_);
  }
  return ObserveBinMaps(observer, layer.observed_as, y, layer.group_size,
                        backend_);
}

absl::StatusOr<std::vector<Tensor>> Network::Run(
    Tensor picture, const StageObserver& observer) const {
  std::vector<Tensor> values(Place(static_cast<int>(size_)));
  values[Place(ConvSpec::kPicture)] = std::move(picture);
  for (const Layer& layer : layers_) {
    ASSIGN_OR_RETURN(Tensor y, RunLayer(layer, &values));
    if (layer.spec.pooled) {
      ASSIGN_OR_RETURN(
          y, kernels::ops::MaxPool(*backend_, kernels::MaxPoolParams(), y));
    }
    RETURN_IF_ERROR(Observe(layer.spec, y, observer));
    for (const int done : layer.done) values[Place(done)] = Tensor();
    values[Place(layer.index)] = std::move(y);
  }
  std::vector<Tensor> outputs;
  for (const int output : outputs_) outputs.push_back(values[Place(output)]);
  return outputs;
}

}  // namespace fcis::model
