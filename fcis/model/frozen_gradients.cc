#include "fcis/model/frozen_gradients.h"

#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ref/ref_gradients.h"
#include "fcis/model/fold_batch_norm.h"

namespace fcis {
namespace {

// One convolution with its batch norm folded, and what its gradient needs.
struct Layer {
  std::string conv;  // "<name>/conv1"
  ConvParams params;
  FoldedConv folded;
  std::vector<double> factor;  // of each output's stored weights
  Tensor x, y;
};

absl::StatusOr<Layer> MakeLayer(const Weights& weights, const std::string& name,
                                int index, const ConvParams& params,
                                double eps) {
  Layer layer;
  layer.conv = absl::StrCat(name, "/conv", index);
  layer.params = params;
  const std::string norm = absl::StrCat(name, "/bn", index);
  ASSIGN_OR_RETURN(layer.folded, FoldBatchNorm(weights, layer.conv, norm, eps));
  const auto& t = weights.tensors;
  layer.factor.resize(layer.folded.bias.num_elements());
  std::vector<double> bias(layer.factor.size());
  BatchNormFactors(t.at(norm + "/gamma"), t.at(norm + "/beta"),
                   t.at(norm + "/avg_mean"), t.at(norm + "/avg_var"), eps,
                   layer.factor.data(), bias.data());
  return layer;
}

absl::Status Forward(Backend& backend, const Tensor& x, Layer* layer) {
  ASSIGN_OR_RETURN(const auto conv,
                   ops::PrepareConv(backend, layer->params,
                                    layer->folded.weight, layer->folded.bias));
  layer->x = x;
  ASSIGN_OR_RETURN(layer->y, ops::Conv(backend, *conv, x));
  return absl::OkStatus();
}

// The gradient before a ReLU whose output is y.
Tensor ThroughRelu(const Tensor& gy, const Tensor& y) {
  Tensor g(gy.shape());
  for (int64_t i = 0; i < gy.num_elements(); ++i) {
    g.mutable_data<float>()[i] =
        y.data<float>()[i] > 0 ? gy.data<float>()[i] : 0.0f;
  }
  return g;
}

Tensor Sum(const Tensor& a, const Tensor& b) {
  Tensor sum(a.shape());
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    sum.mutable_data<float>()[i] = a.data<float>()[i] + b.data<float>()[i];
  }
  return sum;
}

// Gradient of the layer's input; the stored weight's goes into `weights`.
Tensor Backward(const Layer& layer, const Tensor& gy,
                std::map<std::string, Tensor>* weights) {
  ConvGradients g =
      RefConvGradients(layer.params, layer.x, layer.folded.weight, gy);
  const int64_t row = g.weight.num_elements() / g.weight.dim(0);
  float* w = g.weight.mutable_data<float>();
  for (int64_t i = 0; i < g.weight.num_elements(); ++i) {
    w[i] = static_cast<float>(w[i] * layer.factor[i / row]);
  }
  (*weights)[layer.conv + "/W"] = g.weight;
  return g.x;
}

}  // namespace

BatchNormGradients FrozenBatchNormGradients(const Tensor& x,
                                            const Tensor& gamma,
                                            const Tensor& mean,
                                            const Tensor& var, double eps,
                                            const Tensor& gy) {
  const int64_t channels = gamma.num_elements();
  std::vector<double> ggamma(channels), gbeta(channels);
  BatchNormGradients result{Tensor(x.shape()), Tensor(gamma.shape()),
                            Tensor(gamma.shape())};
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    const int64_t c = i % channels;
    const double scale = 1.0 / std::sqrt(var.data<float>()[c] + eps);
    const double g = gy.data<float>()[i];
    ggamma[c] += g * (x.data<float>()[i] - mean.data<float>()[c]) * scale;
    gbeta[c] += g;
    result.x.mutable_data<float>()[i] =
        static_cast<float>(g * gamma.data<float>()[c] * scale);
  }
  for (int64_t c = 0; c < channels; ++c) {
    result.gamma.mutable_data<float>()[c] = static_cast<float>(ggamma[c]);
    result.beta.mutable_data<float>()[c] = static_cast<float>(gbeta[c]);
  }
  return result;
}

absl::StatusOr<BottleneckGradients> FrozenBottleneckGradients(
    const Weights& weights, const std::string& name,
    const BottleneckParams& params, const Tensor& x, const Tensor& gy) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Backend> backend,
                   MakeBackend("ref", Precision::kF32));
  const BottleneckConvs convs = ConvsOf(params);
  ASSIGN_OR_RETURN(Layer reduce,
                   MakeLayer(weights, name, 1, convs.reduce, params.bn_eps));
  ASSIGN_OR_RETURN(Layer spatial,
                   MakeLayer(weights, name, 2, convs.spatial, params.bn_eps));
  ASSIGN_OR_RETURN(Layer expand,
                   MakeLayer(weights, name, 3, convs.expand, params.bn_eps));
  RETURN_IF_ERROR(Forward(*backend, x, &reduce));
  RETURN_IF_ERROR(Forward(*backend, reduce.y, &spatial));
  expand.x = spatial.y;
  ASSIGN_OR_RETURN(const Bottleneck block,
                   Bottleneck::Create(weights, name, params, backend.get()));
  ASSIGN_OR_RETURN(const Tensor y, block.Run(x));

  BottleneckGradients result;
  const Tensor g = ThroughRelu(gy, y);
  const Tensor g2 =
      ThroughRelu(Backward(expand, g, &result.weights), spatial.y);
  const Tensor g1 =
      ThroughRelu(Backward(spatial, g2, &result.weights), reduce.y);
  const Tensor branch = Backward(reduce, g1, &result.weights);
  if (weights.tensors.count(name + "/conv4/W") == 0) {
    result.x = Sum(branch, g);
    return result;
  }
  ASSIGN_OR_RETURN(Layer project, MakeLayer(weights, name, 4, convs.project,
                                            params.bn_eps_projection));
  project.x = x;
  result.x = Sum(branch, Backward(project, g, &result.weights));
  return result;
}

}  // namespace fcis
