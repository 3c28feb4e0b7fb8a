#include "fcis/tools/train_selftest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/tools/synthetic_picture.h"
#include "fcis/train/step/train_step.h"

namespace fcis::tools {
namespace {

constexpr int kSeed = 1;
// Gradients, of the largest of their array: sums of some thousand f32 products
// behind one another in some twenty layers, each good to 2^-24 times the root
// of their number, in another order. Anything wrong is off by far more.
constexpr double kTolerance = 1e-3;

absl::StatusOr<data::TrainSample> MakeSample(const ModelConfig& config) {
  const int height = config.input().min_size();
  const int width = config.input().max_size();
  const Box box = {30, 20, 90, 80};
  data::Instances objects;
  objects.boxes = {box};
  objects.labels = {1};
  std::vector<uint8_t> mask(height * width);
  for (int y = 20; y < 80; ++y) {
    std::fill_n(mask.begin() + y * width + 30, 60 - y / 4, 1);
  }
  objects.masks = {mask};
  return data::TransformForTraining(SyntheticPicture(height, width), objects,
                                    config.input(), /*flip=*/false);
}

// A step's loss, then the gradients of every parameter as files have them.
struct StepResult {
  train::LossTerms terms;
  std::vector<std::pair<std::string, Tensor>> gradients;
};

absl::StatusOr<StepResult> Step(kernels::TrainBackend* backend) {
  ASSIGN_OR_RETURN(const ModelConfig config, SelfTestModel());
  ASSIGN_OR_RETURN(const data::TrainSample sample, MakeSample(config));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<train::TrainNetwork> network,
      train::TrainNetwork::Create(model::DeterministicWeights(config, kSeed),
                                  {}, backend));
  train::Sampler sampler(kSeed);
  StepResult result;
  ASSIGN_OR_RETURN(
      result.terms,
      train::TrainStep(config, TrainConfig(), {sample},
                       absl::MakeSpan(&sampler, 1), train::StepOptions(),
                       network.get(), backend));
  for (const train::Parameter* p : network->parameters()) {
    ASSIGN_OR_RETURN(const Tensor gradient,
                     train::FetchTensor(*p, p->gradient, network->math()));
    result.gradients.emplace_back(p->name, gradient);
  }
  return result;
}

absl::Status Differ(absl::string_view what, double got, double want) {
  return VerificationError(
      absl::StrCat(what, " is ", got, ", expected ", want));
}

absl::Status Compare(const std::string& name, const Tensor& got,
                     const Tensor& want) {
  float top = 0;
  for (const float v : want.span<float>()) top = std::max(top, std::fabs(v));
  for (int64_t i = 0; i < want.num_elements(); ++i) {
    const float a = got.data<float>()[i], b = want.data<float>()[i];
    if (std::fabs(a - b) <= kTolerance * top) continue;
    return Differ(absl::StrCat("gradient ", i, " of ", name), a, b);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SelfTestTraining(kernels::TrainBackend* tested) {
  ASSIGN_OR_RETURN(const auto oracle,
                   kernels::MakeTrainBackend("ref", kernels::Precision::kF32));
  ASSIGN_OR_RETURN(const StepResult want, Step(oracle.get()));
  ASSIGN_OR_RETURN(const StepResult got, Step(tested));
  const double sum = want.terms.sum();
  if (!(std::fabs(got.terms.sum() - sum) <= kTolerance * sum)) {
    return Differ("the loss", got.terms.sum(), sum);
  }
  for (size_t i = 0; i < want.gradients.size(); ++i) {
    RETURN_IF_ERROR(Compare(want.gradients[i].first, got.gradients[i].second,
                            want.gradients[i].second));
  }
  return absl::OkStatus();
}

SelfTestResult RunTrainingTest(absl::string_view device) {
  return TimedSelfTest("training step, f32", [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto backend, kernels::MakeTrainBackend(
                                             device, kernels::Precision::kF32));
    return SelfTestTraining(backend.get());
  });
}

}  // namespace fcis::tools
