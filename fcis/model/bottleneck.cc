#include "fcis/model/bottleneck.h"

#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/model/fold_batch_norm.h"

namespace fcis {

BottleneckConvs ConvsOf(const BottleneckParams& params) {
  BottleneckConvs convs;
  convs.reduce.stride = params.stride;
  convs.reduce.relu = true;
  convs.spatial.pad = convs.spatial.dilation = params.dilation;
  convs.spatial.relu = true;
  convs.expand.relu = true;
  convs.project.stride = params.stride;
  return convs;
}

absl::StatusOr<Bottleneck> Bottleneck::Create(const Weights& weights,
                                              const std::string& name,
                                              const BottleneckParams& params,
                                              Backend* backend) {
  const auto prepare =
      [&](const char* index, ConvParams conv,
          double eps) -> absl::StatusOr<std::unique_ptr<PreparedConv>> {
    ASSIGN_OR_RETURN(const FoldedConv folded,
                     FoldBatchNorm(weights, name + "/conv" + index,
                                   name + "/bn" + index, eps));
    return ops::PrepareConv(*backend, conv, folded.weight, folded.bias);
  };
  const BottleneckConvs convs = ConvsOf(params);
  Bottleneck block;
  block.backend_ = backend;
  ASSIGN_OR_RETURN(block.reduce_, prepare("1", convs.reduce, params.bn_eps));
  ASSIGN_OR_RETURN(block.spatial_, prepare("2", convs.spatial, params.bn_eps));
  ASSIGN_OR_RETURN(block.expand_, prepare("3", convs.expand, params.bn_eps));
  if (weights.tensors.count(name + "/conv4/W") != 0) {
    ASSIGN_OR_RETURN(block.project_,
                     prepare("4", convs.project, params.bn_eps_projection));
  }
  return block;
}

absl::StatusOr<Tensor> Bottleneck::Run(Tensor x) const {
  ASSIGN_OR_RETURN(Tensor y, ops::Conv(*backend_, *reduce_, x));
  ASSIGN_OR_RETURN(y, ops::Conv(*backend_, *spatial_, y));
  if (project_ != nullptr) {
    ASSIGN_OR_RETURN(x, ops::Conv(*backend_, *project_, x));
  }
  return ops::Conv(*backend_, *expand_, y, std::move(x));
}

}  // namespace fcis
