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

ConvParams StemConv() {
  ConvParams params;
  params.stride = 2;
  params.pad = 3;
  params.relu = true;
  return params;
}

std::vector<BackboneBlock> BlocksOf(const BackboneConfig& config) {
  std::vector<BackboneBlock> blocks;
  for (int s = 0; s < config.blocks_size(); ++s) {
    BackboneBlock block;
    block.stage = kFirstStage + s;
    block.params.stride = kStrides[s];
    block.params.dilation = kDilations[s];
    block.params.bn_eps = config.bn_eps();
    block.params.bn_eps_projection = config.bn_eps_projection();
    for (const std::string& name :
         BottleneckNames(block.stage, config.blocks(s))) {
      block.name = name;
      blocks.push_back(block);
      block.params.stride = 1;
    }
  }
  return blocks;
}

absl::StatusOr<ResNet> ResNet::Create(const Weights& weights,
                                      Backend* backend) {
  const BackboneConfig& config = weights.config.backbone();
  ResNet net;
  net.backend_ = backend;
  ASSIGN_OR_RETURN(const FoldedConv stem,
                   FoldBatchNorm(weights, "extractor/res1/conv1",
                                 "extractor/res1/bn1", config.bn_eps_stem()));
  ASSIGN_OR_RETURN(net.stem_, ops::PrepareConv(*backend, StemConv(),
                                               stem.weight, stem.bias));
  net.stages_.resize(config.blocks_size());
  for (const BackboneBlock& block : BlocksOf(config)) {
    ASSIGN_OR_RETURN(
        Bottleneck made,
        Bottleneck::Create(weights, block.name, block.params, backend));
    net.stages_[block.stage - kFirstStage].push_back(std::move(made));
  }
  return net;
}

absl::StatusOr<ResNet::Features> ResNet::Run(
    Tensor x, const StageObserver& observer) const {
  ASSIGN_OR_RETURN(x, ops::Conv(*backend_, *stem_, x));
  ASSIGN_OR_RETURN(x, ops::MaxPool(*backend_, MaxPoolParams(), x));
  RETURN_IF_ERROR(ObserveMap(observer, "res1", x, backend_));
  Features features;
  for (size_t s = 0; s < stages_.size(); ++s) {
    for (const Bottleneck& block : stages_[s]) {
      ASSIGN_OR_RETURN(x, block.Run(std::move(x)));
    }
    RETURN_IF_ERROR(ObserveMap(observer, absl::StrCat("res", kFirstStage + s),
                               x, backend_));
    if (s + 2 == stages_.size()) features.res4 = x;
  }
  features.res5 = std::move(x);
  return features;
}

}  // namespace fcis
