// ConvLayer: a convolution that is trained, with its bias or the batch norm
// after it.
#ifndef FCIS_TRAIN_NETWORK_CONV_LAYER_H_
#define FCIS_TRAIN_NETWORK_CONV_LAYER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/batch_norm.h"
#include "fcis/train/network/parameter.h"

namespace fcis::train {

class ConvLayer {
 public:
  // Of a layer of the network. What is trained of its norm says the recipe's
  // `normalization`; `shared` as of BatchNorm. The weights passed CheckTensors;
  // `backend` outlives the layer.
  static absl::StatusOr<std::unique_ptr<ConvLayer>> Create(
      const model::Weights& weights, const model::ConvSpec& spec,
      const TrainConfig& recipe, Communicator* shared,
      kernels::TrainBackend* backend);
  ConvLayer(const ConvLayer&) = delete;

  // Its parameters, whose value and gradient the owner of the memory sets
  // before anything else is called: the weight, then the bias or the gamma and
  // beta that are trained.
  std::vector<Parameter*> parameters();

  // Fills the parameters from the tensors of a file, and back.
  absl::Status Load(const model::Weights& weights);
  absl::Status Save(model::Weights* weights) const;
  // Computes with the parameters' values from now on.
  absl::Status Refresh();

  absl::StatusOr<Tensor> Forward(const Tensor& x,
                                 const Tensor* residual = nullptr);
  // gy: before the ReLU. The parameters' gradients are overwritten, or added
  // to; gx: null, or receives the gradient of x.
  absl::Status Backward(const Tensor& x, const Tensor& gy, bool add,
                        Tensor* gx);

  const model::ConvSpec& spec() const { return spec_; }
  // Of the last Backward: of what is added to the (normalised) sums. Not with
  // the pictures' statistics.
  absl::StatusOr<std::vector<float>> BiasGradient() const;

 private:
  ConvLayer(const model::ConvSpec& spec, kernels::TrainBackend* backend);

  const model::ConvSpec spec_;
  // Puts `shift` where the backend computes and makes room for the rest.
  absl::Status AllocateBiases(const Tensor& shift);

  kernels::TrainBackend* backend_;
  kernels::ParameterMath* math_;  // the backend's
  std::unique_ptr<kernels::TrainedConvolution> conv_;
  std::unique_ptr<BatchNorm> norm_;  // null: frozen, or none
  kernels::OutputFactors plain_;     // of the bias: all 1
  Parameter weight_, bias_;
  bool bias_trained_ = false;
  // In the memory of math_.
  Tensor shift_;  // the bias without beta, or all of it: what is not trained
  Tensor sum_;    // that and the trained bias
  Tensor unused_bias_gradient_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_NETWORK_CONV_LAYER_H_
