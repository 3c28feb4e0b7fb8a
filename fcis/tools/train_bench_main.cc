// Times whole training steps.
#include <algorithm>
#include <memory>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/tools/bench.h"
#include "fcis/tools/train_bench.h"
#include "fcis/train/config/recipes.h"

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "train_bench";
  program.arguments = "[flags]";
  program.summary =
      "Times whole training steps (forward, targets, pooling, losses, "
      "backward, update) on a made-up picture, and prints the median as JSON.";
  program.groups = {{"What to run", {"config", "height", "width", "repeats"}},
                    {"Computing", model::BackendFlagNames()}};
  program.version_details = model::DeviceDetails;
  program.texts = {{"config", "Recipe, by name or file."},
                   {"height", "Height of the network's input, with --width."},
                   {"width", "Width of the network's input."},
                   {"repeats", "Timed steps, after one that is not timed."}};
  program.defaults = {
      {"config", "chainer_fcis"}, {"height", "600"}, {"width", "800"}};
  program.examples = {"train_bench --threads 2 --precision f32",
                      "train_bench --config small_scenes --height 256 --width "
                      "320 --threads 1"};
  return program;
}

absl::Status Run() {
  ASSIGN_OR_RETURN(const BenchOptions options, BenchOptionsFromFlags(64));
  const auto recipe = train::Recipe(absl::GetFlag(FLAGS_config));
  if (!recipe.ok()) return UsageError(recipe.status().message());
  ASSIGN_OR_RETURN(const ModelConfig model, train::ModelOf(*recipe));
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::TrainBackend> backend,
                   model::MakeFromFlags(kernels::MakeTrainBackend));
  ASSIGN_OR_RETURN(const TrainBenchResult result,
                   RunTrainBench(*recipe, model, options, backend.get()));
  const std::vector<double>& s = result.seconds;
  absl::PrintF(
      "{\"recipe\": \"%s\", \"backend\": \"%s\", \"precision\": \"%s\", "
      "\"threads\": %d, \"height\": %d, \"width\": %d, \"batch\": %d, "
      "\"step_s\": %.4f, \"step_min_s\": %.4f, \"update_s\": %.4f, "
      "\"images_per_s\": %.2f, \"loss\": %.5g, \"peak_rss_mib\": %.0f}\n",
      recipe->name(), backend->forward().name(), backend->forward().precision(),
      NumThreads(), options.height, options.width, recipe->batch(), Median(s),
      *std::min_element(s.begin(), s.end()), result.update_s,
      recipe->batch() / Median(s), result.loss, result.peak_rss_mib);
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
