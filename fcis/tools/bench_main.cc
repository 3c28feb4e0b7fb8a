// Times the network and everything around it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/tools/bench.h"
#include "fcis/tools/weights_flags.h"

ABSL_FLAG(int, height, 0,
          "Height of the picture. Default: that of the network's input when it "
          "is shown a picture of 640x480.");
ABSL_FLAG(int, width, 0, "Width of the picture. Default: likewise.");
ABSL_FLAG(int, repeats, 5, "Timed runs, after one that is not timed.");
ABSL_FLAG(std::string, output_json, "", "Also write the result to this file.");

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
  program.version_details = model::DeviceDetails;
  program.examples = {
      "bench --preset resnet101_coco --threads 2 --precision f32",
      "bench --height 480 --width 640 --output_json o.json"};
  return program;
}

absl::StatusOr<BenchOptions> OptionsFromFlags() {
  BenchOptions options;
  options.height = absl::GetFlag(FLAGS_height);
  options.width = absl::GetFlag(FLAGS_width);
  options.repeats = absl::GetFlag(FLAGS_repeats);
  constexpr int kMost = 1 << 14;
  if (options.height < 0 || options.height > kMost || options.width < 0 ||
      options.width > kMost || (options.height == 0) != (options.width == 0)) {
    return UsageError(
        absl::StrCat("--height=", options.height, " --width=", options.width,
                     ": expected 1 to ", kMost, " for both, or neither"));
  }
  for (const char* size : {"min_size", "max_size"}) {
    if (options.height == 0 || !FlagWasGiven(size)) continue;
    return UsageError(absl::StrCat("--", size,
                                   ": expected no --height and --width, which "
                                   "are the prepared picture's"));
  }
  if (options.repeats < 1) {
    return UsageError(
        absl::StrCat("--repeats=", options.repeats, ": expected at least 1"));
  }
  return options;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("unexpected argument: ", arguments[0]));
  }
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(CheckWeightsFlags());
  ASSIGN_OR_RETURN(const BenchOptions options, OptionsFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  ASSIGN_OR_RETURN(model::Weights weights, WeightsFromFlags());
  RETURN_IF_ERROR(model::ApplyModelFlags(&weights.config));
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
