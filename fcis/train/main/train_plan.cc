#include "fcis/train/main/train_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/topology.h"
#include "fcis/train/config/recipes.h"
#include "fcis/train/main/run_flags.h"
#include "fcis/train/trainer/timetable.h"

ABSL_FLAG(std::string, set, "",
          "Changes to the recipe, in text form: 'batch: 2 schedule { cosine: "
          "true }'. Lists grow.");
ABSL_FLAG(std::string, val_ann_file, "",
          "Annotations to validate on, with --val_image_dir. Default: none, or "
          "a part of --ann_file where the recipe holds one out.");
ABSL_FLAG(std::string, val_image_dir, "", "The pictures of --val_ann_file.");
ABSL_FLAG(double, val_every, 0, "Epochs between validations; 0: the recipe's.");
ABSL_FLAG(std::string, init, "",
          "Initial weights: a model, a checkpoint or an ImageNet backbone "
          "(file or published name), or scratch. Default: what the recipe "
          "says.");
ABSL_FLAG(bool, resume, false,
          "Go on from the newest checkpoint of --out. Recipe, data, validation "
          "and the other flags of the run are as it was begun unless they are "
          "given; classes, pictures, seed and initial weights must be the "
          "same.");
ABSL_FLAG(std::string, resume_from, "",
          "With --resume: go on from this checkpoint.");
ABSL_FLAG(bool, change_recipe, false,
          "With --resume: from here on by the recipe that --config and --set "
          "give, though it is not the run's. --set alone changes the run's "
          "own.");
ABSL_FLAG(int64_t, max_iters, 0,
          "Stop after so many iterations; 0: where the recipe ends.");
ABSL_FLAG(double, minutes, 0,
          "A run that would take longer is shortened to about so many minutes; "
          "0: what the recipe says.");
ABSL_FLAG(int64_t, checkpoint_every, 0,
          "Iterations between checkpoints; 0: one per epoch.");
ABSL_FLAG(int, keep_checkpoints, 3, "Newest checkpoints kept; 0: all.");
ABSL_FLAG(int, loader_threads, 1,
          "Threads of each process that read and prepare pictures.");
ABSL_FLAG(int, prefetch, 8, "Pictures prepared ahead by each process.");
ABSL_FLAG(double, timeout, 600,
          "Seconds without any progress after which the job is ended.");

namespace fcis::train {
namespace {

absl::Status CheckPair(const char* a, const std::string& value_of_a,
                       const char* b, const std::string& value_of_b) {
  if (value_of_a.empty() == value_of_b.empty()) return absl::OkStatus();
  return UsageError(absl::StrCat("--", a, " goes with --", b));
}

// With the run's own where the command line says nothing.
absl::Status CheckFlags() {
  RETURN_IF_ERROR(model::CheckBackendFlags());
  RETURN_IF_ERROR(data::BadAnnotationPolicyFromFlags().status());
  RETURN_IF_ERROR(CheckPair("ann_file", absl::GetFlag(FLAGS_ann_file),
                            "image_dir", absl::GetFlag(FLAGS_image_dir)));
  RETURN_IF_ERROR(CheckPair("val_ann_file", absl::GetFlag(FLAGS_val_ann_file),
                            "val_image_dir",
                            absl::GetFlag(FLAGS_val_image_dir)));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_minutes, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_max_iters, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_checkpoint_every, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_keep_checkpoints, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_loader_threads, 1));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_prefetch, 1));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_timeout, 1));
  return CheckAtLeast(FLAGS_val_every, 0);
}

bool IsRunsOwnSet(const OpenedRun& run, const std::string& changes) {
  if (!run.record.has_value()) return false;
  const auto& flags = run.record->flags();
  const auto own = flags.find("set");
  return own != flags.end() && own->second == changes;
}

// The recipe of a new run. Data of one's own, with nothing said about how, are
// learnt from the embedded model.
std::string RecipeName(const SayLine& say) {
  constexpr char kOwnData[] = "finetune";
  std::string recipe = absl::GetFlag(FLAGS_config);
  if (FlagWasGiven("config") || absl::GetFlag(FLAGS_ann_file).empty()) {
    return recipe;
  }
  if (!absl::GetFlag(FLAGS_init).empty()) {
    say(absl::StrCat("recipe: ", recipe, ", as for --init without --config; ",
                     "--config ", kOwnData,
                     " is for the embedded model and what was trained from "
                     "it"));
    return recipe;
  }
  say(absl::StrCat("recipe: ", kOwnData,
                   ", as for --ann_file without --config "
                   "and --init"));
  return kOwnData;
}

// Of --config and --set; what they leave open is the run's. The --set that a
// run was begun with is in its recipe.
absl::StatusOr<TrainConfig> ConfigFromFlags(const OpenedRun& run,
                                            const SayLine& say) {
  const bool own = run.recipe.has_value() && !FlagWasGiven("config");
  absl::StatusOr<TrainConfig> config =
      own ? *run.recipe : Recipe(RecipeName(say));
  if (!config.ok()) return UsageError(config.status().message());
  std::string changes = absl::GetFlag(FLAGS_set);
  if (own && (!FlagWasGiven("set") || IsRunsOwnSet(run, changes))) {
    changes.clear();
  }
  absl::Status status = MergeTextProto(changes, "--set", &*config);
  if (const double minutes = absl::GetFlag(FLAGS_minutes); minutes > 0) {
    config->mutable_schedule()->set_minutes(minutes);
  }
  if (status.ok()) status = CheckTrainConfig(*config);
  if (!status.ok()) return UsageError(status.message());
  ResolveFiles(WorkingDirectory(), &*config);
  return config;
}

TrainerOptions OptionsFromFlags(const TrainConfig& config,
                                const std::vector<std::string>& command_line) {
  TrainerOptions options;
  options.config = config;
  options.max_iterations = absl::GetFlag(FLAGS_max_iters);
  options.seed = absl::GetFlag(FLAGS_seed);
  options.loader_threads = absl::GetFlag(FLAGS_loader_threads);
  options.prefetch = absl::GetFlag(FLAGS_prefetch);
  options.checkpoint_every = absl::GetFlag(FLAGS_checkpoint_every);
  options.keep_checkpoints = absl::GetFlag(FLAGS_keep_checkpoints);
  const double every = absl::GetFlag(FLAGS_val_every);
  options.validate_every =
      every > 0 ? every : config.schedule().validate_every();
  options.timeout = absl::Seconds(absl::GetFlag(FLAGS_timeout));
  options.command_line = command_line;
  return options;
}

std::vector<std::string> ChangedFlags(const OpenedRun& run) {
  if (!run.record.has_value()) return {};
  return RunFlagDifferences(*run.record);
}

// A resume must not make another run of it.
absl::Status CheckAsBegun(const OpenedRun& run, const TrainConfig& config) {
  std::vector<std::string> lines;
  if (!absl::GetFlag(FLAGS_change_recipe)) {
    lines = FieldDifferences(*run.recipe, config);
  }
  for (const std::string& line : ChangedFlags(run)) {
    if (absl::StartsWith(line, "--seed") || absl::StartsWith(line, "--init")) {
      lines.push_back(line);
    }
  }
  if (lines.empty()) return absl::OkStatus();
  return UsageError(absl::StrCat(
      "the run in ", run.path, " was begun with other values:\n  ",
      absl::StrJoin(lines, "\n  "),
      "\nWithout flags for them it goes on as it was begun. --change_recipe "
      "takes another recipe on purpose; another seed and other initial weights "
      "are a new run"));
}

// The run's own, which the command line may name in another way.
void KeepInit(const OpenedRun& run) {
  if (!run.record.has_value()) return;
  const auto init = run.record->flags().find("init");
  if (init == run.record->flags().end()) return;
  absl::SetFlag(&FLAGS_init, init->second);
}

// What a resume does otherwise than the run until now, on purpose.
void SayChanges(const OpenedRun& run, const TrainConfig& config,
                const SayLine& say) {
  for (const std::string& line : FieldDifferences(*run.recipe, config)) {
    say(absl::StrCat("changed in the recipe: ", line));
  }
  for (const std::string& line : ChangedFlags(run)) {
    if (!absl::StartsWith(line, "--set")) {
      say(absl::StrCat("changed: ", line));
    }
  }
  if (!run.record.has_value()) {
    say(absl::StrCat(
        "warning: ", run.path,
        " was begun by an earlier version and has no run.textproto: "
        "whether its data and flags are those that it was begun with "
        "cannot be checked"));
  }
}

}  // namespace

absl::Status CheckResumeFlags() {
  if (absl::GetFlag(FLAGS_resume)) {
    if (!absl::GetFlag(FLAGS_out).empty()) return absl::OkStatus();
    return UsageError("--resume needs --out, the run to go on with");
  }
  if (!absl::GetFlag(FLAGS_resume_from).empty()) {
    return UsageError("--resume_from goes with --resume");
  }
  if (absl::GetFlag(FLAGS_change_recipe)) {
    return UsageError("--change_recipe goes with --resume");
  }
  return absl::OkStatus();
}

absl::StatusOr<TrainPlan> MakeTrainPlan(
    const OpenedRun& run, const std::vector<std::string>& command_line,
    const SayLine& say) {
  if (run.record.has_value()) {
    RETURN_IF_ERROR(RestoreRunFlags(*run.record, run.path));
  }
  RETURN_IF_ERROR(CheckFlags());
  TrainPlan plan;
  ASSIGN_OR_RETURN(plan.config, ConfigFromFlags(run, say));
  if (run.recipe.has_value()) {
    RETURN_IF_ERROR(CheckAsBegun(run, plan.config));
    KeepInit(run);
  }
  if (absl::GetFlag(FLAGS_init).empty()) {
    absl::SetFlag(&FLAGS_init, plan.config.init());
  }
  absl::StatusOr<ModelConfig> model = ModelOf(plan.config);
  if (!model.ok()) return UsageError(model.status().message());
  plan.model = *std::move(model);
  plan.options = OptionsFromFlags(plan.config, command_line);
  plan.has_length =
      run.record.has_value() &&
      FieldDifferences(run.recipe->schedule(), plan.config.schedule()).empty();
  if (plan.has_length) plan.options.stretch = run.record->stretch();
  if (run.record.has_value()) {
    ScaleInput(run.record->input_scale(), plan.model.mutable_input());
  }
  if (run.recipe.has_value()) SayChanges(run, plan.config, say);
  return plan;
}

void ScaleInput(double scale, InputConfig* input) {
  if (scale == 1) return;
  const auto scaled = [scale](int side) {
    const double steps = std::floor(side * scale / model::kFeatureStride + .5);
    return std::max(1, static_cast<int>(steps)) * model::kFeatureStride;
  };
  input->set_min_size(scaled(input->min_size()));
  input->set_max_size(scaled(input->max_size()));
}

bool SayIfFinished(const OpenedRun& run, const TrainPlan& plan, int processes,
                   const SayLine& say) {
  // Another use of the data may change what an epoch is.
  if (!run.record.has_value() || !absl::GetFlag(FLAGS_resume_from).empty() ||
      !FieldDifferences(run.recipe->data(), plan.config.data()).empty()) {
    return false;
  }
  const Timetable times(plan.options,
                        std::max<int64_t>(1, run.record->epoch_pictures()),
                        processes);
  // What is wrong with best.json is told by a start that goes on.
  const absl::StatusOr<bool> ended_early =
      PatienceIsSpent(run.path, plan.config.schedule());
  const bool early = ended_early.ok() && *ended_early;
  if (!IsFinished(run, early ? run.newest : times.iterations())) return false;
  say(absl::StrCat("the run is finished: ", run.newest, " iterations are done",
                   early ? "\nValidations found nothing better any more. To "
                           "train on: --change_recipe --set 'schedule { "
                           "patience: 0 }'"
                         : "\nTo train on: --max_iters with a larger number "
                           "(0: to the recipe's end), or --change_recipe with "
                           "a longer schedule"));
  return true;
}

}  // namespace fcis::train
