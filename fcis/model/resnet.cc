#include "fcis/model/resnet.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/model/fold_batch_norm.h"

namespace fcis {
namespace {

constexpr int kFirstStage = 2;  // res2

// Stride and dilation of res2..res5; the stem and its pool have 4 already.
constexpr int kStrides[] = {1, 2, 2, 1};
constexpr int kDilations[] = {1, 1, 1, 2};

}  // namespace

absl::StatusOr<ResNet> ResNet::Create(const Weights& weights,
                                      Backend* backend) {
  const BackboneConfig& config = weights.config.backbone();
  ResNet net;
  net.backend_ = backend;
  ASSIGN_OR_RETURN(const FoldedConv stem,
                   FoldBatchNorm(weights, "extractor/res1/conv1",
                                 "extractor/res1/bn1", config.bn_eps_stem()));
  ConvParams params;
  params.stride = 2;
  params.pad = 3;
  params.relu = true;
  ASSIGN_OR_RETURN(net.stem_,
                   ops::PrepareConv(*backend, params, stem.weight, stem.bias));
  for (int s = 0; s < config.blocks_size(); ++s) {
    BottleneckParams block;
    block.stride = kStrides[s];
    block.dilation = kDilations[s];
    block.bn_eps = config.bn_eps();
    block.bn_eps_projection = config.bn_eps_projection();
    net.stages_.emplace_back();
    for (const std::string& name :
         BottleneckNames(kFirstStage + s, config.blocks(s))) {
      ASSIGN_OR_RETURN(Bottleneck made,
                       Bottleneck::Create(weights, name, block, backend));
      net.stages_.back().push_back(std::move(made));
      block.stride = 1;
    }
  }
  return net;
}

absl::StatusOr<ResNet::Features> ResNet::Run(
    Tensor x, const StageObserver& observer) const {
  ASSIGN_OR_RETURN(x, ops::Conv(*backend_, *stem_, x));
  ASSIGN_OR_RETURN(x, ops::MaxPool(*backend_, MaxPoolParams(), x));
  ObserveMap(observer, "res1", x);
  Features features;
  for (size_t s = 0; s < stages_.size(); ++s) {
    for (const Bottleneck& block : stages_[s]) {
      ASSIGN_OR_RETURN(x, block.Run(std::move(x)));
    }
    ObserveMap(observer, absl::StrCat("res", kFirstStage + s), x);
    if (s + 2 == stages_.size()) features.res4 = x;
  }
  features.res5 = std::move(x);
  return features;
}

}  // namespace fcis
