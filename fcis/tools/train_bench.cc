#include "fcis/tools/train_bench.h"

#include <memory>

#include "fcis/core/base/peak_memory.h"
#include "fcis/core/base/random_stream.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/tools/bench.h"
#include "fcis/tools/synthetic_picture.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/optimizer/optimizer.h"
#include "fcis/train/step/train_step.h"

namespace fcis::tools {
namespace {

constexpr int kObjects = 6, kSeed = 1;

// Filled boxes of random sizes and classes.
data::Instances MadeUpInstances(const BenchOptions& options, int classes) {
  RandomStream random("bench instances", 1);
  data::Instances instances;
  for (int i = 0; i < kObjects; ++i) {
    const int h = random.Integer(options.height / 8, options.height / 2);
    const int w = random.Integer(options.width / 8, options.width / 2);
    const int y = random.Integer(0, options.height - h);
    const int x = random.Integer(0, options.width - w);
    instances.boxes.push_back({static_cast<float>(x), static_cast<float>(y),
                               static_cast<float>(x + w),
                               static_cast<float>(y + h)});
    instances.labels.push_back(random.Integer(1, classes));
    std::vector<uint8_t> mask(static_cast<size_t>(options.height) *
                              options.width);
    for (int r = y; r < y + h; ++r) {
      std::fill_n(mask.begin() + static_cast<int64_t>(r) * options.width + x, w,
                  1);
    }
    instances.masks.push_back(mask);
  }
  return instances;
}

}  // namespace

absl::StatusOr<TrainBenchResult> RunTrainBench(const TrainConfig& recipe,
                                               ModelConfig model,
                                               const BenchOptions& options,
                                               kernels::TrainBackend* backend) {
  model.mutable_input()->set_min_size(std::min(options.height, options.width));
  model.mutable_input()->set_max_size(std::max(options.height, options.width));
  // First, since it sees to it that there are classes.
  ASSIGN_OR_RETURN(
      const std::unique_ptr<train::TrainNetwork> network,
      train::TrainNetwork::Create(model::DeterministicWeights(model, kSeed),
                                  recipe, backend));
  ASSIGN_OR_RETURN(const data::TrainSample sample,
                   data::TransformForTraining(
                       SyntheticPicture(options.height, options.width),
                       MadeUpInstances(options, model.classes_size()),
                       model.input(), false));
  const std::vector<data::TrainSample> samples(recipe.batch(), sample);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<train::Optimizer> optimizer,
      train::Optimizer::Create(recipe.optimizer(), network->parameters(),
                               network->math()));
  train::StepOptions step;
  step.total_pictures = recipe.batch();
  TrainBenchResult result;
  std::vector<double> updates;
  for (int i = 0; i <= options.repeats; ++i) {
    Stopwatch watch;
    std::vector<train::Sampler> samplers(samples.size(), train::Sampler(1));
    ASSIGN_OR_RETURN(
        const train::LossTerms terms,
        train::TrainStep(model, recipe, samples, absl::MakeSpan(samplers), step,
                         network.get(), backend));
    const double before_update = watch.Lap();
    double norm = 0;
    if (recipe.optimizer().clip_norm() > 0) {
      ASSIGN_OR_RETURN(norm, optimizer->GradientNorm());
    }
    // The weights hardly move: the same work in every step.
    RETURN_IF_ERROR(optimizer->Step(
        1e-7f, norm, /*scale=*/1,
        [&](int parameter) { return network->Refresh(parameter); }));
    result.loss = terms.sum();
    if (i == 0) continue;
    updates.push_back(watch.Lap());
    result.seconds.push_back(before_update + updates.back());
  }
  result.update_s = Median(updates);
  result.peak_rss_mib = static_cast<double>(PeakResidentBytes() >> 20);
  return result;
}

}  // namespace fcis::tools
