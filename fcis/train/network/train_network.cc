#include "fcis/train/network/train_network.h"

#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/resnet.h"

namespace fcis {
namespace {

constexpr int kRes5 = 5;

NormTraining TrainingOf(const TrainNetworkOptions& options) {
  NormTraining training;
  training.batch = options.normalisation == TrainNetworkOptions::kBatch;
  training.train_beta = options.train_beta;
  training.batch_options = options.batch_norm;
  return training;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainNetwork>> TrainNetwork::Create(
    const Weights& weights, const TrainNetworkOptions& options,
    TrainBackend* backend) {
  RETURN_IF_ERROR(CheckWeights(weights));
  if (options.frozen_stages < 0 || options.frozen_stages >= kRes5 - 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "frozen_stages is ", options.frozen_stages, ", expected 0 (none) to ",
        kRes5 - 2, " (res1 .. res", kRes5 - 2, ")"));
  }
  auto network = absl::WrapUnique(new TrainNetwork(weights, backend));
  if (options.normalisation == TrainNetworkOptions::kBatch) {
    network->shared_ = options.batch_norm.shared;
  }
  RETURN_IF_ERROR(network->AddBackbone(options));
  RETURN_IF_ERROR(network->AddHeads());
  RETURN_IF_ERROR(network->Allocate());
  RETURN_IF_ERROR(network->Load(weights));
  return network;
}

absl::Status TrainNetwork::AddBackbone(const TrainNetworkOptions& options) {
  const BackboneConfig& config = weights_.config.backbone();
  ConvLayerOptions stem;
  stem.params = StemConv();
  stem.conv = "extractor/res1/conv1";
  stem.norm = "extractor/res1/bn1";
  stem.norm_eps = config.bn_eps_stem();
  stem.training = TrainingOf(options);
  if (options.frozen_stages == 0) {
    ASSIGN_OR_RETURN(stem_, ConvLayer::Create(weights_, stem, backend_));
  } else {
    ASSIGN_OR_RETURN(
        const FoldedConv folded,
        FoldBatchNorm(weights_, stem.conv, stem.norm, stem.norm_eps));
    ASSIGN_OR_RETURN(frozen_stem_,
                     ops::PrepareConv(backend_->forward(), stem.params,
                                      folded.weight, folded.bias));
  }
  for (const BackboneBlock& block : BlocksOf(config)) {
    if (block.stage <= options.frozen_stages) {
      ASSIGN_OR_RETURN(Bottleneck made,
                       Bottleneck::Create(weights_, block.name, block.params,
                                          &backend_->forward()));
      frozen_blocks_.push_back(std::move(made));
      continue;
    }
    ASSIGN_OR_RETURN(TrainBottleneck made,
                     TrainBottleneck::Create(weights_, block.name, block.params,
                                             stem.training, backend_));
    blocks_.push_back(std::move(made));
    if (block.stage < kRes5) first_of_res5_ = blocks_.size();
  }
  return absl::OkStatus();
}

absl::Status TrainNetwork::AddHeads() {
  const int group = weights_.config.head().group_size();
  const auto make = [&](const std::string& name, int pad, bool relu,
                        int group_size) {
    ConvLayerOptions options;
    options.params.pad = pad;
    options.params.relu = relu;
    options.conv = name;
    options.group_size = group_size;
    return ConvLayer::Create(weights_, options, backend_);
  };
  ASSIGN_OR_RETURN(rpn_conv_, make("rpn/conv1", 1, true, 0));
  ASSIGN_OR_RETURN(rpn_score_, make("rpn/score", 0, false, 0));
  ASSIGN_OR_RETURN(rpn_delta_, make("rpn/loc", 0, false, 0));
  ASSIGN_OR_RETURN(reduce_, make("head/psroi_conv1", 0, true, 0));
  ASSIGN_OR_RETURN(score_, make("head/psroi_conv2", 0, false, group));
  ASSIGN_OR_RETURN(box_, make("head/psroi_conv3", 0, false, group));
  return absl::OkStatus();
}

absl::Status TrainNetwork::Allocate() {
  for (const auto* layer : {&score_, &box_, &reduce_}) {
    layers_.push_back(layer->get());
  }
  const auto add_blocks = [this](size_t from, size_t to) {
    for (size_t b = to; b-- > from;) {
      const std::vector<ConvLayer*>& layers = blocks_[b].layers();
      layers_.insert(layers_.end(), layers.begin(), layers.end());
    }
  };
  add_blocks(first_of_res5_, blocks_.size());
  for (const auto* layer : {&rpn_score_, &rpn_delta_, &rpn_conv_}) {
    layers_.push_back(layer->get());
  }
  add_blocks(0, first_of_res5_);
  if (stem_ != nullptr) layers_.push_back(stem_.get());

  // Each parameter starts on a cache line.
  constexpr int64_t kLine = 16;
  int64_t total = 0;
  for (ConvLayer* layer : layers_) {
    for (Parameter* p : layer->parameters()) {
      parameters_.push_back(p);
      total += (p->size() + kLine - 1) / kLine * kLine;
    }
  }
  ASSIGN_OR_RETURN(values_, math()->Zeros(total));
  ASSIGN_OR_RETURN(gradients_, math()->Zeros(total));
  int64_t at = 0;
  for (Parameter* p : parameters_) {
    p->value = Floats(&values_) + at;
    p->gradient = Floats(&gradients_) + at;
    at += (p->size() + kLine - 1) / kLine * kLine;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> TrainNetwork::Fetch(const Tensor& t) const {
  std::vector<float> host(t.num_elements());
  RETURN_IF_ERROR(math()->Fetch(static_cast<const float*>(t.raw()),
                                t.num_elements(), host.data()));
  return host;
}

absl::StatusOr<std::vector<float>> TrainNetwork::FetchValues() const {
  return Fetch(values_);
}

absl::StatusOr<std::vector<float>> TrainNetwork::FetchGradients() const {
  return Fetch(gradients_);
}

absl::Status TrainNetwork::Load(const Weights& weights) {
  RETURN_IF_ERROR(CheckWeights(weights));
  for (ConvLayer* layer : layers_) RETURN_IF_ERROR(layer->Load(weights));
  return absl::OkStatus();
}

absl::Status TrainNetwork::Refresh() {
  for (ConvLayer* layer : layers_) RETURN_IF_ERROR(layer->Refresh());
  return absl::OkStatus();
}

absl::StatusOr<Weights> TrainNetwork::Save() const {
  Weights weights = weights_;
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

absl::StatusOr<FeatureMap> TrainNetwork::RunFrozen(const Tensor& prepared) {
  ASSIGN_OR_RETURN(Tensor x,
                   ops::Conv(backend_->forward(), *frozen_stem_, prepared));
  ASSIGN_OR_RETURN(x, ops::MaxPool(backend_->forward(), MaxPoolParams(), x));
  for (const Bottleneck& block : frozen_blocks_) {
    ASSIGN_OR_RETURN(x, block.Run(std::move(x)));
  }
  return backend_->Import(x);
}

absl::StatusOr<TrainNetwork::Outputs> TrainNetwork::Forward(
    const Tensor& prepared) {
  FeatureMap x;
  if (stem_ == nullptr) {
    ASSIGN_OR_RETURN(x, RunFrozen(prepared));
  } else {
    ASSIGN_OR_RETURN(picture_, backend_->Import(prepared));
    ASSIGN_OR_RETURN(stem_out_, stem_->Forward(picture_));
    ASSIGN_OR_RETURN(x, backend_->MaxPool(MaxPoolParams(), stem_out_));
  }
  for (size_t b = 0; b < blocks_.size(); ++b) {
    if (b == first_of_res5_) res4_ = x;
    ASSIGN_OR_RETURN(x, blocks_[b].Forward(x));
  }
  res5_ = x;
  const DType activation = backend_->forward().activation_type();
  Outputs outputs;
  const auto run = [&](ConvLayer* layer, const FeatureMap& in, DType type,
                       Tensor* out) -> absl::Status {
    ASSIGN_OR_RETURN(const FeatureMap y, layer->Forward(in));
    ASSIGN_OR_RETURN(*out, backend_->Export(y, type));
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(rpn_hidden_, rpn_conv_->Forward(res4_));
  RETURN_IF_ERROR(
      run(rpn_score_.get(), rpn_hidden_, DType::kF32, &outputs.rpn_scores));
  RETURN_IF_ERROR(
      run(rpn_delta_.get(), rpn_hidden_, DType::kF32, &outputs.rpn_deltas));
  ASSIGN_OR_RETURN(hidden_, reduce_->Forward(res5_));
  RETURN_IF_ERROR(run(score_.get(), hidden_, activation, &outputs.score_maps));
  RETURN_IF_ERROR(run(box_.get(), hidden_, activation, &outputs.box_maps));
  return outputs;
}

absl::Status TrainNetwork::BackwardHead(const Gradients& g, bool add,
                                        FeatureMap* gx) {
  FeatureMap from_scores, from_boxes;
  {
    ASSIGN_OR_RETURN(const FeatureMap gy, backend_->Import(g.score_maps));
    RETURN_IF_ERROR(score_->Backward(hidden_, gy, add, &from_scores));
  }
  ASSIGN_OR_RETURN(const FeatureMap gy, backend_->Import(g.box_maps));
  RETURN_IF_ERROR(box_->Backward(hidden_, gy, add, &from_boxes));
  RETURN_IF_ERROR(backend_->Combine(&hidden_, &from_boxes, &from_scores));
  hidden_ = FeatureMap();
  RETURN_IF_ERROR(reduce_->Backward(res5_, from_scores, add, gx));
  RETURN_IF_ERROR(backend_->Combine(&res5_, nullptr, gx));
  res5_ = FeatureMap();
  return absl::OkStatus();
}

absl::Status TrainNetwork::BackwardRpn(const Gradients& g, bool add,
                                       FeatureMap* gx) {
  FeatureMap from_scores, from_deltas;
  ASSIGN_OR_RETURN(const FeatureMap gscores, backend_->Import(g.rpn_scores));
  RETURN_IF_ERROR(
      rpn_score_->Backward(rpn_hidden_, gscores, add, &from_scores));
  ASSIGN_OR_RETURN(const FeatureMap gdeltas, backend_->Import(g.rpn_deltas));
  RETURN_IF_ERROR(
      rpn_delta_->Backward(rpn_hidden_, gdeltas, add, &from_deltas));
  RETURN_IF_ERROR(backend_->Combine(&rpn_hidden_, &from_deltas, &from_scores));
  rpn_hidden_ = FeatureMap();
  return rpn_conv_->Backward(res4_, from_scores, add, gx);
}

absl::Status TrainNetwork::Backward(const Gradients& gradients, bool add,
                                    const std::function<void(int)>& ready) {
  size_t layer = 0;
  int done = 0;
  const auto finished = [&](size_t layers) {
    for (const size_t end = layer + layers; layer < end; ++layer) {
      done += static_cast<int>(layers_[layer]->parameters().size());
    }
    if (ready) ready(done);
  };
  constexpr size_t kHeadLayers = 3, kRpnLayers = 3;
  FeatureMap g;
  RETURN_IF_ERROR(BackwardHead(gradients, add, &g));
  finished(kHeadLayers);
  for (size_t b = blocks_.size(); b-- > 0;) {
    if (b + 1 == first_of_res5_) {
      FeatureMap from_rpn;
      RETURN_IF_ERROR(BackwardRpn(gradients, add, &from_rpn));
      // g is 0 where res4 is 0 already.
      RETURN_IF_ERROR(backend_->Combine(&res4_, &g, &from_rpn));
      g = from_rpn;
      res4_ = FeatureMap();
      finished(kRpnLayers);
    }
    FeatureMap gx;
    const bool first = b == 0 && stem_ == nullptr;
    RETURN_IF_ERROR(
        blocks_[b].Backward(std::move(g), add, first ? nullptr : &gx));
    finished(blocks_[b].layers().size());
    g = std::move(gx);
  }
  if (stem_ == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(FeatureMap gstem,
                   backend_->MaxPoolGradient(MaxPoolParams(), stem_out_, g));
  RETURN_IF_ERROR(backend_->Combine(&stem_out_, nullptr, &gstem));
  RETURN_IF_ERROR(stem_->Backward(picture_, gstem, add, nullptr));
  picture_ = stem_out_ = FeatureMap();
  finished(1);
  return absl::OkStatus();
}

}  // namespace fcis
