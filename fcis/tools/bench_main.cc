// Times the network and everything around it.
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/io/file.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/tools/bench.h"
#include "fcis/tools/profile.h"
#include "fcis/tools/weights_flags.h"

ABSL_FLAG(bool, profile, false,
          "Print a table of the layers instead: time, GFLOP, bytes and the "
          "share of what the machine can do, which takes a second more to "
          "measure.");

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
                    {"Results", {"output_json", "profile", "out"}},
                    {"Computing", model::BackendFlagNames()},
                    {"Thresholds and sizes", model::ModelFlagNames()}};
  program.short_flags = {{'m', "modelpath"}};
  program.texts = {
      {"height",
       "Height of the picture, with --width. Default: that of the network's "
       "input when it is shown a picture of 640x480."},
      {"out",
       "With --profile: a folder for profile.json and the picture "
       "roofline.svg."}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "bench --preset resnet101_coco --threads 2 --precision f32",
      "bench --height 480 --width 640 --output_json o.json",
      "bench --preset resnet101_coco --precision f32 --profile --out layers"};
  return program;
}

absl::StatusOr<BenchOptions> OptionsFromFlags() {
  ASSIGN_OR_RETURN(BenchOptions options, BenchOptionsFromFlags(1));
  options.profile = absl::GetFlag(FLAGS_profile);
  if (!options.profile && !absl::GetFlag(FLAGS_out).empty()) {
    return UsageError("--out: expected --profile, whose files go there");
  }
  for (const char* size : {"min_size", "max_size"}) {
    if (options.height == 0 || !FlagWasGiven(size)) continue;
    return UsageError(absl::StrCat("--", size,
                                   ": expected no --height and --width, which "
                                   "are the prepared picture's"));
  }
  return options;
}

// The table; the files where --out says.
absl::Status ShowProfile(const BenchResult& result) {
  const MachinePeaks peaks = PeaksFor(result);
  absl::PrintF("%s", ProfileTable(result, peaks));
  std::string out = absl::GetFlag(FLAGS_out);
  if (out.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(out, MakeOutputDirectory(out, "bench", absl::Now()));
  RETURN_IF_ERROR(
      WriteFileAtomic(out + "/profile.json", ProfileJson(result, peaks)));
  return WriteFileAtomic(out + "/roofline.svg", RooflineChart(result, peaks));
}

absl::Status Run() {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(CheckWeightsFlags());
  RETURN_IF_ERROR(CheckOutputFile(FLAGS_output_json));
  ASSIGN_OR_RETURN(const BenchOptions options, OptionsFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  if (options.profile && backend->device() != Device::kHost) {
    return UsageError(
        "--profile: expected a device that computes on the host; a GPU's own "
        "profiler tells about its layers");
  }
  ASSIGN_OR_RETURN(model::Weights weights, WeightsFromFlags());
  RETURN_IF_ERROR(model::ApplyModelFlags(&weights.config));
  model::SettlePrecision(*backend, &weights);
  const ModelConfig config = weights.config;
  ASSIGN_OR_RETURN(const BenchResult result,
                   RunBench(std::move(weights), options, backend.get()));
  const std::string json = BenchJson(config, *backend, NumThreads(), result);
  if (options.profile) {
    RETURN_IF_ERROR(ShowProfile(result));
  } else {
    absl::PrintF("%s", json);
  }
  const std::string output = absl::GetFlag(FLAGS_output_json);
  if (output.empty()) return absl::OkStatus();
  return WriteFileAtomic(ResolvePath(output), json);
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
