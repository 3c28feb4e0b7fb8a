#include "fcis/train/init/calibrate.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/model/resnet.h"

namespace fcis {
namespace {

using Maps = std::vector<Tensor>;  // one per picture

// A channel that never changes would be blown up.
constexpr double kLeastVariance = 1e-6;

class Calibrator {
 public:
  Calibrator(Backend* backend, Weights* weights)
      : backend_(backend), weights_(weights) {}

  // conv, then norm with the statistics of what conv gives.
  absl::StatusOr<Maps> Run(const Maps& x, ConvParams params,
                           const std::string& conv, const std::string& norm,
                           double eps);
  absl::StatusOr<Maps> RunBlock(const Maps& x, const BackboneBlock& block);

 private:
  Backend* backend_;
  Weights* weights_;
};

void Relu(Maps* maps) {
  for (Tensor& map : *maps) {
    for (float& v : map.mutable_span<float>()) v = v > 0 ? v : 0;
  }
}

absl::StatusOr<Maps> Calibrator::Run(const Maps& x, ConvParams params,
                                     const std::string& conv,
                                     const std::string& norm, double eps) {
  params.relu = false;
  const Tensor& kernel = weights_->tensors.at(conv + "/W");
  const int64_t channels = kernel.dim(0);
  ASSIGN_OR_RETURN(
      const auto prepared,
      ops::PrepareConv(*backend_, params, kernel, Tensor::Zeros({channels})));
  Maps y;
  std::vector<double> sum(channels), squares(channels);
  double count = 0;
  for (const Tensor& map : x) {
    ASSIGN_OR_RETURN(Tensor out, ops::Conv(*backend_, *prepared, map));
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
  const float* gamma = weights_->tensors.at(norm + "/gamma").data<float>();
  const float* beta = weights_->tensors.at(norm + "/beta").data<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const double m = sum[c] / count;
    const double v = std::max(squares[c] / count - m * m, kLeastVariance);
    mean.mutable_data<float>()[c] = static_cast<float>(m);
    var.mutable_data<float>()[c] = static_cast<float>(v);
    factor[c] = static_cast<float>(gamma[c] / std::sqrt(v + eps));
    bias[c] = static_cast<float>(beta[c] - factor[c] * m);
  }
  weights_->tensors[norm + "/avg_mean"] = mean;
  weights_->tensors[norm + "/avg_var"] = var;
  for (Tensor& map : y) {
    float* v = map.mutable_data<float>();
    for (int64_t i = 0; i < map.num_elements(); ++i) {
      v[i] = v[i] * factor[i % channels] + bias[i % channels];
    }
  }
  return y;
}

absl::StatusOr<Maps> Calibrator::RunBlock(const Maps& x,
                                          const BackboneBlock& block) {
  const BottleneckParams& p = block.params;
  const BottleneckConvs convs = ConvsOf(p);
  const std::string& name = block.name;
  ASSIGN_OR_RETURN(
      Maps y, Run(x, convs.reduce, name + "/conv1", name + "/bn1", p.bn_eps));
  Relu(&y);
  ASSIGN_OR_RETURN(
      y, Run(y, convs.spatial, name + "/conv2", name + "/bn2", p.bn_eps));
  Relu(&y);
  ASSIGN_OR_RETURN(
      y, Run(y, convs.expand, name + "/conv3", name + "/bn3", p.bn_eps));
  Maps shortcut = x;
  if (weights_->tensors.count(name + "/conv4/W") != 0) {
    ASSIGN_OR_RETURN(shortcut, Run(x, convs.project, name + "/conv4",
                                   name + "/bn4", p.bn_eps_projection));
  }
  for (size_t i = 0; i < y.size(); ++i) {
    const float* from = shortcut[i].data<float>();
    for (float& v : y[i].mutable_span<float>()) v += *from++;
  }
  Relu(&y);
  return y;
}

}  // namespace

absl::Status CalibrateNorms(const std::vector<Tensor>& pictures,
                            Backend* backend, Weights* weights) {
  Calibrator calibrator(backend, weights);
  const BackboneConfig& config = weights->config.backbone();
  ASSIGN_OR_RETURN(Maps x,
                   calibrator.Run(pictures, StemConv(), "extractor/res1/conv1",
                                  "extractor/res1/bn1", config.bn_eps_stem()));
  Relu(&x);
  for (Tensor& map : x) {
    ASSIGN_OR_RETURN(map, ops::MaxPool(*backend, MaxPoolParams(), map));
  }
  for (const BackboneBlock& block : BlocksOf(config)) {
    ASSIGN_OR_RETURN(x, calibrator.RunBlock(x, block));
  }
  return absl::OkStatus();
}

}  // namespace fcis
