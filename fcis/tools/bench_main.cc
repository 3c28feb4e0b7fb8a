// Times the network and everything around it.
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/io/file.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/tools/bench.h"
#include "fcis/tools/weights_flags.h"

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "bench";
  program.arguments = "[flags]";
  program.summary =
      "Times the detector, stage by stage, on a made-up picture, and prints "
      "the medians as JSON.";
  program.groups = {{"Model", WeightsFlagNames()},
                    {"What to run", {"height", "width", "repeats"}},
                    {"Results", {"output_json"}},
                    {"Computing", model::BackendFlagNames()},
                    {"Thresholds and sizes", model::ModelFlagNames()}};
  program.short_flags = {{'m', "modelpath"}};
  program.texts = {
      {"height",
       "Height of the picture, with --width. Default: that of the network's "
       "input when it is shown a picture of 640x480."}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "bench --preset resnet101_coco --threads 2 --precision f32",
      "bench --height 480 --width 640 --output_json o.json"};
  return program;
}

absl::StatusOr<BenchOptions> OptionsFromFlags() {
  ASSIGN_OR_RETURN(const BenchOptions options, BenchOptionsFromFlags(1));
  for (const char* size : {"min_size", "max_size"}) {
    if (options.height == 0 || !FlagWasGiven(size)) continue;
    return UsageError(absl::StrCat("--", size,
                                   ": expected no --height and --width, which "
                                   "are the prepared picture's"));
  }
  return options;
}

absl::Status Run() {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(CheckWeightsFlags());
  ASSIGN_OR_RETURN(const BenchOptions options, OptionsFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  ASSIGN_OR_RETURN(model::Weights weights, WeightsFromFlags());
  RETURN_IF_ERROR(model::ApplyModelFlags(&weights.config));
  model::SettlePrecision(*backend, &weights);
  const ModelConfig config = weights.config;
  ASSIGN_OR_RETURN(const BenchResult result,
                   RunBench(std::move(weights), options, backend.get()));
  const std::string json = BenchJson(config, *backend, NumThreads(), result);
  absl::PrintF("%s", json);
  const std::string output = absl::GetFlag(FLAGS_output_json);
  if (output.empty()) return absl::OkStatus();
  return WriteFileAtomic(ResolvePath(output), json);
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
