#include "fcis/tools/selftest.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "fcis/model/detector.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/tools/bench.h"
#include "fcis/train/step/train_step.h"

namespace fcis {
namespace {

constexpr int kHeight = 96, kWidth = 128, kSeed = 1;
// Gradients, of the largest of their array: sums of some thousand f32 products
// behind one another in some twenty layers, each good to 2^-24 times the root
// of their number, in another order. Anything wrong is off by far more.
constexpr double kTolerance = 1e-3;

absl::StatusOr<ModelConfig> SmallModel() {
  ASSIGN_OR_RETURN(ModelConfig config, Preset("parity_mini"));
  config.mutable_input()->set_min_size(kHeight);
  config.mutable_input()->set_max_size(kWidth);
  // Random weights are sure of nothing.
  config.mutable_postprocess()->set_score_thresh(0);
  return config;
}

absl::StatusOr<TrainSample> MakeSample(const ModelConfig& config) {
  const Box box = {30, 20, 90, 80};
  Instances objects;
  objects.boxes = {box};
  objects.labels = {1};
  std::vector<uint8_t> mask(kHeight * kWidth);
  for (int y = 20; y < 80; ++y) {
    std::fill_n(mask.begin() + y * kWidth + 30, 60 - y / 4, 1);
  }
  objects.masks = {mask};
  return TransformForTraining(SyntheticPicture(kHeight, kWidth), objects,
                              config.input(), /*flip=*/false);
}

// A step's loss, then the gradients of every parameter as files have them.
struct StepResult {
  LossTerms terms;
  std::vector<std::pair<std::string, Tensor>> gradients;
};

absl::StatusOr<StepResult> Step(TrainBackend* backend) {
  ASSIGN_OR_RETURN(const ModelConfig config, SmallModel());
  ASSIGN_OR_RETURN(const TrainSample sample, MakeSample(config));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<TrainNetwork> network,
      TrainNetwork::Create(DeterministicWeights(config, kSeed), {}, backend));
  LossOptions options;
  options.proposals.mask_size = config.head().roi_size();
  Sampler sampler(kSeed);
  StepResult result;
  ASSIGN_OR_RETURN(
      result.terms,
      TrainStep(config, options, {sample}, 1, 1, /*add=*/false, network.get(),
                backend, absl::MakeSpan(&sampler, 1)));
  for (const Parameter* p : network->parameters()) {
    ASSIGN_OR_RETURN(const Tensor gradient,
                     FetchTensor(*p, p->gradient, network->math()));
    result.gradients.emplace_back(p->name, gradient);
  }
  return result;
}

SelfTestResult Timed(std::string name,
                     const std::function<absl::Status()>& test) {
  const auto start = std::chrono::steady_clock::now();
  absl::Status status = test();
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  return {std::move(name), std::move(status), took.count()};
}

std::vector<SelfTestResult> RunDetections(absl::string_view device) {
  const std::string checked = absl::StrCat("check:", device, ",ref");
  const auto detect = [&](Precision precision) -> absl::Status {
    ASSIGN_OR_RETURN(const auto backend, MakeBackend(checked, precision));
    return SelfTestDetection(backend.get());
  };
  std::vector<SelfTestResult> results = {
      Timed("detection, f32", [&] { return detect(Precision::kF32); })};
  const auto usual = MakeBackend(device, Precision::kAuto);
  if (usual.ok() && (*usual)->activation_type() == DType::kBF16) {
    results.push_back(
        Timed("detection, bf16", [&] { return detect(Precision::kBF16); }));
  }
  if (usual.ok() && MapTypeOf(device, Precision::kF16).ok()) {
    results.push_back(
        Timed("detection, fp16", [&] { return detect(Precision::kF16); }));
  }
  return results;
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

absl::Status SelfTestDetection(Backend* checked) {
  ASSIGN_OR_RETURN(const ModelConfig config, SmallModel());
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Detector> detector,
      Detector::Create(DeterministicWeights(config, kSeed), checked));
  ASSIGN_OR_RETURN(const std::vector<Detection> found,
                   detector->Detect(SyntheticPicture(kHeight, kWidth),
                                    config.postprocess()));
  if (found.empty()) return VerificationError("nothing was detected");
  return absl::OkStatus();
}

absl::Status SelfTestTraining(TrainBackend* tested) {
  ASSIGN_OR_RETURN(const auto oracle, MakeTrainBackend("ref", Precision::kF32));
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

std::vector<SelfTestResult> RunSelfTest(absl::string_view device) {
  std::vector<SelfTestResult> results = RunDetections(device);
  results.push_back(Timed("training step, f32", [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto backend,
                     MakeTrainBackend(device, Precision::kF32));
    return SelfTestTraining(backend.get());
  }));
  return results;
}

absl::StatusOr<bool> SelfTestOnce(absl::string_view device,
                                  const std::string& marker) {
  const absl::StatusOr<std::string> passed = ReadFile(marker);
  if (passed.ok() && *passed == kVersion) return false;
  for (const SelfTestResult& r : RunDetections(device)) {
    if (r.status.ok()) continue;
    return VerificationError(absl::StrCat("self-test of the device ", device,
                                          ": ", r.name, ": ",
                                          r.status.message()));
  }
  std::error_code ignored;
  std::filesystem::create_directories(
      std::filesystem::path(marker).parent_path(), ignored);
  WriteFileAtomic(marker, kVersion).IgnoreError();
  return true;
}

}  // namespace fcis
