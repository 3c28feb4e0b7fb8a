#include "fcis/train/step/train_step.h"

#include <cstring>

#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

using Samples = absl::Span<const TrainSample>;

// How many of the first samples have the size of the first.
size_t GroupSize(Samples samples) {
  size_t n = 1;
  while (n < samples.size() &&
         samples[n].prepared.shape() == samples[0].prepared.shape()) {
    ++n;
  }
  return n;
}

Tensor Stacked(Samples samples) {
  if (samples.size() == 1) return samples[0].prepared;
  const Tensor& first = samples[0].prepared;
  Tensor all(Shape{static_cast<int64_t>(samples.size()), first.dim(1),
                   first.dim(2), first.dim(3)});
  float* to = all.mutable_data<float>();
  for (const TrainSample& sample : samples) {
    std::memcpy(to, sample.prepared.raw(), sample.prepared.num_bytes());
    to += sample.prepared.num_elements();
  }
  return all;
}

}  // namespace

absl::StatusOr<LossTerms> TrainStep(
    const ModelConfig& config, const LossOptions& options, Samples samples,
    int total_pictures, bool add, TrainNetwork* network, TrainBackend* backend,
    absl::Span<Sampler> samplers, const std::function<void(int)>& ready,
    std::vector<PictureTargets>* targets) {
  LossTerms terms;
  // Processes that share statistics must come to the same number of groups.
  ASSIGN_OR_RETURN(const bool one_size,
                   network->AllAgree(GroupSize(samples) == samples.size()));
  const bool alone = network->shares_statistics() && !one_size;
  while (!samples.empty()) {
    const Samples group = samples.subspan(0, alone ? 1 : GroupSize(samples));
    samples.remove_prefix(group.size());
    ASSIGN_OR_RETURN(const TrainNetwork::Outputs outputs,
                     network->Forward(Stacked(group)));
    TrainNetwork::Gradients gradients;
    gradients.rpn_scores = Tensor(outputs.rpn_scores.shape());
    gradients.rpn_deltas = Tensor(outputs.rpn_deltas.shape());
    Backend& forward = backend->forward();
    ASSIGN_OR_RETURN(
        gradients.score_maps,
        forward.AllocateMap(outputs.score_maps.shape(), DType::kF32));
    ASSIGN_OR_RETURN(
        gradients.box_maps,
        forward.AllocateMap(outputs.box_maps.shape(), DType::kF32));
    for (size_t n = 0; n < group.size(); ++n) {
      PictureTargets of_picture;
      RETURN_IF_ERROR(PictureLoss(config, options, group[n], outputs, n,
                                  1.0 / total_pictures, backend, &samplers[n],
                                  &terms, &gradients, &of_picture));
      if (targets != nullptr) targets->push_back(of_picture);
    }
    samplers.remove_prefix(group.size());
    RETURN_IF_ERROR(network->Backward(
        gradients, add, samples.empty() ? ready : std::function<void(int)>()));
    add = true;
  }
  return terms;
}

}  // namespace fcis
