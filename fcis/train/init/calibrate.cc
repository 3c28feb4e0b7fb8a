#include "fcis/train/init/calibrate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/model/topology.h"

namespace fcis::train {
namespace {

using Maps = std::vector<Tensor>;  // one per picture

// A channel that never changes would be blown up.
constexpr double kLeastVariance = 1e-6;

// The convolution of `layer`, then its norm with the statistics of what the
// convolution gives; without what follows.
absl::StatusOr<Maps> RunNormed(const model::ConvSpec& layer, const Maps& x,
                               kernels::Backend* backend,
                               model::Weights* weights) {
  kernels::ConvParams params = layer.params;
  params.relu = false;
  const int64_t channels = layer.out;
  ASSIGN_OR_RETURN(const auto prepared,
                   kernels::ops::PrepareConv(
                       *backend, params, weights->tensors.at(layer.name + "/W"),
                       Tensor::Zeros({channels})));
  Maps y;
  std::vector<double> sum(channels), squares(channels);
  double count = 0;
  for (const Tensor& map : x) {
    ASSIGN_OR_RETURN(Tensor out, kernels::ops::Conv(*backend, *prepared, map));
    const float* v = out.data<float>();
    for (int64_t i = 0; i < out.num_elements(); ++i) {
      sum[i % channels] += v[i];
      squares[i % channels] += static_cast<double>(v[i]) * v[i];
    }
    count += static_cast<double>(out.num_elements() / channels);
    y.push_back(std::move(out));
  }
  Tensor mean(Shape{channels}), var(Shape{channels});
  std::vector<float> factor(channels), bias(channels);
  const auto part = [&](const char* name) -> Tensor& {
    return weights->tensors[layer.norm + name];
  };
  const float* gamma = part("/gamma").data<float>();
  const float* beta = part("/beta").data<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const double m = sum[c] / count;
    const double v = std::max(squares[c] / count - m * m, kLeastVariance);
    mean.mutable_data<float>()[c] = static_cast<float>(m);
    var.mutable_data<float>()[c] = static_cast<float>(v);
    factor[c] = static_cast<float>(gamma[c] / std::sqrt(v + layer.norm_eps));
    bias[c] = static_cast<float>(beta[c] - factor[c] * m);
  }
  part("/avg_mean") = mean;
  part("/avg_var") = var;
  for (Tensor& map : y) {
    float* v = map.mutable_data<float>();
    for (int64_t i = 0; i < map.num_elements(); ++i) {
      v[i] = v[i] * factor[i % channels] + bias[i % channels];
    }
  }
  return y;
}

// What stands behind the norm. residual: null, or like y.
absl::Status Finish(const model::ConvSpec& layer, const Maps* residual,
                    kernels::Backend* backend, Maps* y) {
  for (size_t i = 0; i < y->size(); ++i) {
    Tensor& map = (*y)[i];
    const float* add =
        residual == nullptr ? nullptr : (*residual)[i].data<float>();
    for (float& v : map.mutable_span<float>()) {
      if (add != nullptr) v += *add++;
      if (layer.params.relu && !(v > 0)) v = 0;
    }
    if (layer.pooled) {
      ASSIGN_OR_RETURN(
          map, kernels::ops::MaxPool(*backend, kernels::MaxPoolParams(), map));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CalibrateNorms(const std::vector<Tensor>& pictures,
                            kernels::Backend* backend,
                            model::Weights* weights) {
  const model::Topology topology = model::TopologyOf(weights->config);
  std::vector<bool> normed;
  for (const model::ConvSpec& layer : topology.layers) {
    normed.push_back(!layer.norm.empty());
  }
  const std::vector<std::vector<int>> done =
      model::LastUses(topology, normed, {});
  std::vector<Maps> maps(topology.layers.size());
  const auto of = [&](int index) -> const Maps& {
    return index == model::ConvSpec::kPicture
               ? pictures
               : maps[static_cast<size_t>(index)];
  };
  for (size_t i = 0; i < topology.layers.size(); ++i) {
    if (!normed[i]) continue;
    const model::ConvSpec& layer = topology.layers[i];
    ASSIGN_OR_RETURN(maps[i],
                     RunNormed(layer, of(layer.source), backend, weights));
    const Maps* residual = layer.residual == model::ConvSpec::kNone
                               ? nullptr
                               : &of(layer.residual);
    RETURN_IF_ERROR(Finish(layer, residual, backend, &maps[i]));
    for (const int index : done[i]) maps[static_cast<size_t>(index)].clear();
  }
  return absl::OkStatus();
}

}  // namespace fcis::train
