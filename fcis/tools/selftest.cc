#include "fcis/tools/selftest.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/detector.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/tools/synthetic_picture.h"

namespace fcis::tools {
namespace {

constexpr int kHeight = 96, kWidth = 128, kSeed = 1;

}  // namespace

absl::StatusOr<ModelConfig> SelfTestModel() {
  ASSIGN_OR_RETURN(ModelConfig config, Preset("parity_mini"));
  config.mutable_input()->set_min_size(kHeight);
  config.mutable_input()->set_max_size(kWidth);
  // Random weights are sure of nothing.
  config.mutable_postprocess()->set_score_thresh(0);
  return config;
}

SelfTestResult TimedSelfTest(std::string name,
                             const std::function<absl::Status()>& test) {
  Stopwatch watch;
  absl::Status status = test();
  return {std::move(name), std::move(status), watch.Lap()};
}

absl::Status SelfTestDetection(kernels::Backend* checked) {
  ASSIGN_OR_RETURN(const ModelConfig config, SelfTestModel());
  ASSIGN_OR_RETURN(const std::unique_ptr<model::Detector> detector,
                   model::Detector::Create(
                       model::DeterministicWeights(config, kSeed), checked));
  ASSIGN_OR_RETURN(const std::vector<model::Detection> found,
                   detector->Detect(SyntheticPicture(kHeight, kWidth),
                                    config.postprocess()));
  if (found.empty()) return VerificationError("nothing was detected");
  return absl::OkStatus();
}

std::vector<SelfTestResult> RunDetectionTests(absl::string_view device) {
  const std::string checked = absl::StrCat("check:", device, ",ref");
  const auto detect = [&](kernels::Precision precision) -> absl::Status {
    ASSIGN_OR_RETURN(const auto backend,
                     kernels::MakeBackend(checked, precision));
    return SelfTestDetection(backend.get());
  };
  std::vector<SelfTestResult> results = {TimedSelfTest(
      "detection, f32", [&] { return detect(kernels::Precision::kF32); })};
  const auto usual = kernels::MakeBackend(device, kernels::Precision::kAuto);
  if (usual.ok() && (*usual)->activation_type() == DType::kBF16) {
    results.push_back(TimedSelfTest(
        "detection, bf16", [&] { return detect(kernels::Precision::kBF16); }));
  }
  if (usual.ok() && kernels::MapTypeOf(device, kernels::Precision::kF16).ok()) {
    results.push_back(TimedSelfTest(
        "detection, fp16", [&] { return detect(kernels::Precision::kF16); }));
  }
  return results;
}

absl::StatusOr<bool> SelfTestOnce(absl::string_view device,
                                  const std::string& marker) {
  const absl::StatusOr<std::string> passed = ReadFile(marker);
  if (passed.ok() && *passed == kVersion) return false;
  for (const SelfTestResult& r : RunDetectionTests(device)) {
    if (r.status.ok()) continue;
    return VerificationError(absl::StrCat("self-test of the device ", device,
                                          ": ", r.name, ": ",
                                          r.status.message()));
  }
  MakeDirectoriesOf(marker).IgnoreError();
  WriteFileAtomic(marker, kVersion).IgnoreError();
  return true;
}

}  // namespace fcis::tools
