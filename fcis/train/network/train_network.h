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
#include "fcis/model/bottleneck.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/network/conv_layer.h"
#include "fcis/train/network/train_bottleneck.h"

namespace fcis {

struct TrainNetworkOptions {
  // res1 .. res<n> keep their weights and pass no gradient (the reference: 2);
  // 0: everything is trained.
  int frozen_stages = 2;
  // Of the batch norms behind the frozen stages. kFrozen: the statistics of the
  // file, folded (the reference). kBatch: those of the pictures of a Forward,
  // gamma and beta are trained (training from scratch).
  enum Normalisation { kFrozen, kBatch };
  Normalisation normalisation = kFrozen;
  // kFrozen: the beta is trained all the same.
  bool train_beta = false;
  // kBatch.
  BatchNormOptions batch_norm;
};

class TrainNetwork {
 public:
  // Of N pictures of one size; maps [N,h,w,C].
  struct Outputs {
    Tensor rpn_scores, rpn_deltas;  // f32, as Rpn::Output
    Tensor score_maps, box_maps;    // activation type, as FcisHead::Maps
  };
  // The gradients of Outputs, all f32, in forward()'s memory or the host's.
  struct Gradients {
    Tensor rpn_scores, rpn_deltas, score_maps, box_maps;
  };

  // Checks the weights (CheckWeights); `backend` outlives the network.
  static absl::StatusOr<std::unique_ptr<TrainNetwork>> Create(
      const Weights& weights, const TrainNetworkOptions& options,
      TrainBackend* backend);

  // prepared: f32 [N,H,W,3]. Keeps what Backward needs.
  absl::StatusOr<Outputs> Forward(const Tensor& prepared);

  // Once after each Forward. The parameters' gradients are overwritten, or
  // added to. `ready`, if set, is told how many parameters, from the first on,
  // have their final gradient.
  absl::Status Backward(const Gradients& gradients, bool add,
                        const std::function<void(int)>& ready);

  // Whether all processes that share statistics, and so must run Forward
  // equally often, say true; the answer itself where none are shared.
  absl::StatusOr<bool> AllAgree(bool answer);
  bool shares_statistics() const { return shared_ != nullptr; }

  // In the order in which Backward finishes them. Their values and gradients
  // lie one after the other in two arrays of num_values() in the memory of
  // math().
  const std::vector<Parameter*>& parameters() const { return parameters_; }
  ParameterMath* math() const { return &backend_->parameters(); }
  int64_t num_values() const { return values_.num_elements(); }
  float* gradients() { return Floats(&gradients_); }
  absl::StatusOr<std::vector<float>> FetchValues() const;
  absl::StatusOr<std::vector<float>> FetchGradients() const;
  // For tests: in the same order.
  const std::vector<ConvLayer*>& layers() const { return layers_; }

  // After the values were changed.
  absl::Status Refresh();
  // Takes over values, as Create does.
  absl::Status Load(const Weights& weights);
  // All tensors of a model file, those that are not trained too.
  absl::StatusOr<Weights> Save() const;

 private:
  TrainNetwork(const Weights& weights, TrainBackend* backend)
      : weights_(weights), backend_(backend) {}
  absl::Status AddBackbone(const TrainNetworkOptions& options);
  absl::Status AddHeads();
  absl::Status Allocate();
  absl::StatusOr<std::vector<float>> Fetch(const Tensor& t) const;
  absl::StatusOr<FeatureMap> RunFrozen(const Tensor& prepared);
  absl::Status BackwardHead(const Gradients& g, bool add, FeatureMap* gx);
  absl::Status BackwardRpn(const Gradients& g, bool add, FeatureMap* gx);

  Communicator* shared_ = nullptr;
  Weights weights_;  // what is not trained; trained tensors as they began
  TrainBackend* backend_;
  // The frozen stages, forward only: the stem unless it is trained, blocks.
  std::unique_ptr<PreparedConv> frozen_stem_;
  std::vector<Bottleneck> frozen_blocks_;
  // What is trained.
  std::unique_ptr<ConvLayer> stem_;  // null: frozen
  std::vector<TrainBottleneck> blocks_;
  size_t first_of_res5_ = 0;  // index in blocks_
  std::unique_ptr<ConvLayer> rpn_conv_, rpn_score_, rpn_delta_;
  std::unique_ptr<ConvLayer> reduce_, score_, box_;
  std::vector<ConvLayer*> layers_;
  std::vector<Parameter*> parameters_;
  Tensor values_, gradients_;
  // Kept for Backward.
  FeatureMap picture_, stem_out_, res4_, res5_, rpn_hidden_, hidden_;
};

}  // namespace fcis

#endif  // FCIS_TRAIN_NETWORK_TRAIN_NETWORK_H_
