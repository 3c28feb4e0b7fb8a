// TrainNetwork: the network's convolutions forward and backward. What stands
// between its outputs and their gradients (proposals, targets, pooling,
// losses) is fcis/train/step.
#ifndef FCIS_TRAIN_NETWORK_TRAIN_NETWORK_H_
#define FCIS_TRAIN_NETWORK_TRAIN_NETWORK_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/network.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/conv_layer.h"

namespace fcis::train {

// Whether the layer is one of the first stages that a recipe leaves as they are
// (TrainConfig.frozen_stages).
bool IsFrozen(const model::ConvSpec& layer, int stages);

class TrainNetwork {
 public:
  // The topology's outputs (NetworkOutput) of N pictures of one size: maps
  // [N,h,w,C], f32 or of the activation type.
  using Outputs = std::vector<Tensor>;
  // Their gradients, all f32, in forward()'s memory or the host's.
  using Gradients = std::vector<Tensor>;

  // The network of the weights' config. Of the recipe it is what is frozen, and
  // what is done about batch norms. Checks the weights (CheckWeights);
  // `backend` outlives the network, and so does `job`, whose processes share
  // the norms' statistics where the recipe says so; null: none are shared.
  static absl::StatusOr<std::unique_ptr<TrainNetwork>> Create(
      const model::Weights& weights, const TrainConfig& recipe,
      kernels::TrainBackend* backend, Communicator* job = nullptr);
  // Another network, whatever the weights' config is. Its outputs have no ReLU,
  // and no other layer reads them. Errors: CheckTensors.
  static absl::StatusOr<std::unique_ptr<TrainNetwork>> Create(
      const model::Topology& topology, const model::Weights& weights,
      const TrainConfig& recipe, kernels::TrainBackend* backend,
      Communicator* job = nullptr);

  // prepared: f32 [N,H,W,3]. Keeps what Backward needs.
  absl::StatusOr<Outputs> Forward(const Tensor& prepared);

  // Once after each Forward. The parameters' gradients are overwritten, or
  // added to. `ready`, if set, is told how many parameters, from the first on,
  // have their final gradient. gpicture: null, or receives the gradient of what
  // was prepared, f32; nothing is frozen then.
  absl::Status Backward(const Gradients& gradients, bool add,
                        const std::function<void(int)>& ready,
                        Tensor* gpicture = nullptr);

  // Whether all processes that share statistics, and so must run Forward
  // equally often, say true; the answer itself where none are shared.
  absl::StatusOr<bool> AllAgree(bool answer);
  bool shares_statistics() const { return shared_ != nullptr; }

  // In the order in which Backward finishes them. Their values and gradients
  // lie one after the other in two arrays of num_values() in the memory of
  // math().
  const std::vector<Parameter*>& parameters() const { return parameters_; }
  kernels::ParameterMath* math() const { return &backend_->parameters(); }
  int64_t num_values() const { return values_.num_elements(); }
  float* gradients() { return kernels::Floats(&gradients_); }
  absl::StatusOr<std::vector<float>> FetchValues() const;
  // For tests: in the same order.
  const std::vector<ConvLayer*>& layers() const { return layers_; }

  // After all values were changed.
  absl::Status Refresh();
  // After a parameter was changed, by index; each in its turn. A layer computes
  // with its new values when its last one has come.
  absl::Status Refresh(int parameter);
  // Takes over values, as Create does.
  absl::Status Load(const model::Weights& weights);
  // All tensors of a model file, those that are not trained too.
  absl::StatusOr<model::Weights> Save() const;

 private:
  struct Layer {
    int index;  // in the topology
    std::unique_ptr<ConvLayer> conv;
    int output = -1;  // which of the outputs it is; -1: none
    Tensor unpooled;  // kept for Backward
  };
  // By layer, the gradients that the layers behind it have found, to be added.
  struct Pending;

  TrainNetwork(const model::Topology& topology, const model::Weights& weights,
               kernels::TrainBackend* backend)
      : topology_(topology), weights_(weights), backend_(backend) {}
  const model::ConvSpec& SpecOf(const Layer& layer) const {
    return topology_.layers[static_cast<size_t>(layer.index)];
  }
  Tensor& MapOf(int index);
  absl::Status AddLayers(const TrainConfig& recipe);
  absl::Status AddFrozen(int stages);
  absl::Status MarkOutputs();
  absl::Status Allocate();
  absl::Status RunFrozen(const Tensor& prepared);
  absl::Status ForwardLayer(Layer* layer);
  absl::StatusOr<Tensor> GradientOf(Layer* layer, const Gradients& gradients,
                                    std::vector<Tensor> found);
  absl::Status BackwardLayer(Layer* layer, const Tensor& g, bool add,
                             Pending* pending);

  Communicator* shared_ = nullptr;
  const model::Topology topology_;
  model::Weights
      weights_;  // what is not trained; trained tensors as they began
  kernels::TrainBackend* backend_;
  // The layers of the frozen stages whose outputs the others read.
  std::unique_ptr<model::Network> frozen_;  // null: nothing is frozen
  std::vector<int> frozen_outputs_;
  std::vector<Layer> trained_;      // in the topology's order
  std::vector<ConvLayer*> layers_;  // in the opposite one
  std::vector<Parameter*> parameters_;
  std::vector<ConvLayer*>
      complete_;  // by parameter: its layer, of the last one
  Tensor values_, gradients_;
  // Kept for Backward: outputs of the layers by index, of trained ones and
  // those that they read.
  Tensor picture_;
  std::vector<Tensor> maps_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_NETWORK_TRAIN_NETWORK_H_
