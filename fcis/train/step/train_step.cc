#include "fcis/train/step/train_step.h"

#include <cstring>

#include "fcis/core/base/status_macros.h"

namespace fcis::train {
namespace {

using Samples = absl::Span<const data::TrainSample>;

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
  for (const data::TrainSample& sample : samples) {
    std::memcpy(to, sample.prepared.raw(), sample.prepared.num_bytes());
    to += sample.prepared.num_elements();
  }
  return all;
}

// Memory for the gradients of the outputs.
absl::StatusOr<TrainNetwork::Gradients> GradientsLike(
    const TrainNetwork::Outputs& outputs, kernels::Backend& backend) {
  const auto like = [&backend](const Tensor& map) {
    return backend.AllocateMap(map.shape(), DType::kF32);
  };
  TrainNetwork::Gradients gradients(outputs.size());
  for (size_t k = 0; k < outputs.size(); ++k) {
    ASSIGN_OR_RETURN(gradients[k], like(outputs[k]));
  }
  return gradients;
}

}  // namespace

absl::StatusOr<LossTerms> TrainStep(const ModelConfig& model,
                                    const TrainConfig& recipe, Samples samples,
                                    absl::Span<Sampler> samplers,
                                    const StepOptions& options,
                                    TrainNetwork* network,
                                    kernels::TrainBackend* backend) {
  const double weight = 1.0 / options.total_pictures;
  bool add = options.add;
  ASSIGN_OR_RETURN(Tensor values, backend->forward().AllocateMap(
                                      {static_cast<int64_t>(samples.size()),
                                       kernels::kNumLossTerms},
                                      DType::kF64));
  std::vector<PictureTerms> terms;
  // Processes that share statistics must come to the same number of groups.
  ASSIGN_OR_RETURN(const bool one_size,
                   network->AllAgree(GroupSize(samples) == samples.size()));
  const bool alone = network->shares_statistics() && !one_size;
  while (!samples.empty()) {
    const Samples group = samples.subspan(0, alone ? 1 : GroupSize(samples));
    samples.remove_prefix(group.size());
    ASSIGN_OR_RETURN(const TrainNetwork::Outputs outputs,
                     network->Forward(Stacked(group)));
    ASSIGN_OR_RETURN(TrainNetwork::Gradients gradients,
                     GradientsLike(outputs, backend->forward()));
    for (size_t n = 0; n < group.size(); ++n) {
      PictureTargets* const targets = options.targets == nullptr
                                          ? nullptr
                                          : &options.targets->emplace_back();
      Tensor of_picture = values.Part(terms.size() * kernels::kNumLossTerms,
                                      {kernels::kNumLossTerms});
      ASSIGN_OR_RETURN(
          terms.emplace_back(),
          PictureLoss(model, recipe, group[n],
                      {&outputs, &gradients, static_cast<int64_t>(n)},
                      static_cast<float>(weight) * options.gradient_scale,
                      backend, &samplers[n], &of_picture, targets));
    }
    samplers.remove_prefix(group.size());
    RETURN_IF_ERROR(network->Backward(
        gradients, add,
        samples.empty() ? options.ready : std::function<void(int)>()));
    add = true;
  }
  ASSIGN_OR_RETURN(values, backend->forward().ToHost(values));
  const double* next = values.data<double>();
  LossTerms sum;
  for (const PictureTerms& picture : terms) {
    sum.Add(TermsOf(recipe.loss(), weight, picture, next));
    next += kernels::kNumLossTerms;
  }
  return sum;
}

}  // namespace fcis::train
