// Writes every intermediate tensor of one detection, or describes the machine.
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/npz.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/tools/environment.h"
#include "fcis/tools/inspect.h"
#include "fcis/tools/selftest.h"
#include "fcis/tools/train_selftest.h"
#include "fcis/tools/weights_flags.h"

ABSL_FLAG(std::string, image, "", "Picture, JPEG or PNG.");
ABSL_FLAG(bool, environment, false,
          "Only say what was compiled in and found on this machine.");
ABSL_FLAG(bool, selftest, false,
          "Only compute known answers on --device and say whether they came "
          "out.");

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "inspect";
  program.arguments =
      "--image FILE [flags] | --environment | --selftest [flags]";
  program.summary =
      "Writes every intermediate tensor of the detection in one picture to an "
      ".npz file, under the names of the parity fixtures; or says what this "
      "machine has, or whether a device computes right.";
  program.groups = {{"Picture and result", {"image", "out"}},
                    {"Model", WeightsFlagNames()},
                    {"Machine", {"environment", "selftest"}},
                    {"Computing", model::BackendFlagNames()},
                    {"Thresholds and sizes", model::ModelFlagNames()}};
  program.short_flags = {{'m', "modelpath"}, {'o', "out"}};
  program.texts = {{"out", "File to write."}};
  program.defaults = {{"out", "stages.npz"}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "inspect -m fcis_coco.npz --image a.jpg --out stages.npz",
      "inspect --preset resnet101_coco --deterministic_seed 1 --image a.jpg",
      "inspect --environment", "inspect --selftest --device cuda"};
  return program;
}

absl::Status CheckFlags() {
  RETURN_IF_ERROR(CheckWeightsFlags());
  if (absl::GetFlag(FLAGS_image).empty()) {
    return UsageError("expected --image");
  }
  RETURN_IF_ERROR(model::CheckModelFlags());
  return model::CheckBackendFlags();
}

absl::Status SelfTest() {
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  const std::string device(backend->name());
  int failed = 0;
  std::vector<SelfTestResult> results = RunDetectionTests(device);
  results.push_back(RunTrainingTest(device));
  for (const SelfTestResult& r : results) {
    absl::PrintF("%s: %s: %s (%.1f s)\n", device, r.name,
                 r.status.ok() ? "ok" : r.status.message(), r.seconds);
    failed += !r.status.ok();
  }
  if (failed == 0) return absl::OkStatus();
  return VerificationError(
      absl::StrCat(failed, failed == 1 ? " test" : " tests", " failed"));
}

absl::Status Run() {
  if (absl::GetFlag(FLAGS_selftest)) return SelfTest();
  if (absl::GetFlag(FLAGS_environment)) {
    absl::PrintF("%s", kernels::EnvironmentText(DescribeEnvironment()));
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const Image image,
                   data::ReadImage(ResolvePath(absl::GetFlag(FLAGS_image))));
  ASSIGN_OR_RETURN(model::Weights weights, WeightsFromFlags());
  RETURN_IF_ERROR(model::ApplyModelFlags(&weights.config));
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<model::Detector> detector,
                   model::Detector::Create(weights, backend.get()));
  ASSIGN_OR_RETURN(
      const auto stages,
      InspectPicture(*detector, image, detector->config().postprocess()));
  const std::string out = ResolvePath(absl::GetFlag(FLAGS_out));
  RETURN_IF_ERROR(WriteNpz(out, stages));
  for (const auto& [name, tensor] : stages) {
    absl::PrintF("%-22s %s %s\n", name, DTypeName(tensor.type()),
                 tensor.shape().ToString());
  }
  PrintLine(stdout, absl::StrCat(out, ": ", stages.size(), " arrays"));
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
