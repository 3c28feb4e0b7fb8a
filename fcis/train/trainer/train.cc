#include "fcis/train/trainer/train.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/comm/same_everywhere.h"
#include "fcis/data/loader/epoch_order.h"
#include "fcis/data/loader/loader.h"
#include "fcis/train/config/train_options.h"
#include "fcis/train/run/watchdog.h"
#include "fcis/train/trainer/network_learner.h"
#include "fcis/train/trainer/run_recorder.h"
#include "fcis/train/trainer/run_state.h"
#include "fcis/train/trainer/timetable.h"

namespace fcis {
namespace {

// Of the data, as an epoch shows it.
struct Epoch {
  Epoch(const TrainerOptions& options, const TrainingSet& data)
      : repeats(RepeatFactors(data, options.config.data().repeat_threshold())),
        pictures(EpochOrder::SizeOf(data.size(), repeats)) {}

  std::vector<double> repeats;
  int64_t pictures;
};

absl::StatusOr<std::unique_ptr<Loader>> StartLoading(
    const TrainerOptions& options, const TrainingSet& data, const Epoch& epoch,
    const RunState& state, const Communicator& job) {
  LoaderOptions loader;
  loader.seed = options.seed;
  loader.rank = job.rank();
  loader.world = job.size();
  loader.batch = options.config.batch() * options.config.accumulate();
  loader.threads = options.loader_threads;
  loader.prefetch = options.prefetch;
  loader.first_iteration = state.iteration;
  loader.aspect_grouping = options.config.aspect_grouping();
  loader.repeats = epoch.repeats;
  loader.augmentation = AugmentationOf(options.config);
  return Loader::Create(&data, state.model.input(), loader);
}

// Sums of different things would be nonsense without an error.
absl::Status CheckSame(const RunState& state, const TrainingSet& data,
                       const Timetable& times, Communicator* job) {
  ASSIGN_OR_RETURN(const std::vector<float> values,
                   state.network->FetchValues());
  std::string layouts;
  for (const Parameter* p : state.network->parameters()) {
    absl::StrAppend(&layouts, p->layout, "\n");
  }
  return CheckSameEverywhere(
      {{"the recipe", AsText(state.config)},
       {"the seed", absl::StrCat(state.seed)},
       {"the model's configuration", AsText(state.model)},
       {"the number of pictures", absl::StrCat(data.size())},
       {"the iteration that it starts after", absl::StrCat(state.iteration)},
       {"the last iteration", absl::StrCat(times.iterations())},
       {"weights",
        absl::string_view(reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof(float))},
       {"how the CPU lays weights out (set DNNL_MAX_CPU_ISA to the weakest "
        "CPU's)",
        layouts}},
      job);
}

absl::StatusOr<std::unique_ptr<NetworkLearner>> MakeLearner(
    const TrainerOptions& options,
    const std::optional<FoundCheckpoint>& checkpoint, const Weights& initial,
    const TrainingSet& data, const Timetable& times, TrainBackend* backend,
    Communicator* job) {
  Weights weights = initial;
  if (checkpoint.has_value()) weights.source = checkpoint->path;
  ASSIGN_OR_RETURN(
      RunState state,
      RunState::Create(
          std::move(weights),
          checkpoint.has_value() ? &checkpoint->checkpoint : nullptr,
          options.config, backend, job));
  state.seed = options.seed;
  state.pictures = times.pictures();
  ASSIGN_OR_RETURN(auto learner,
                   NetworkLearner::Create(std::move(state), backend, job));
  RETURN_IF_ERROR(CheckSame(learner->state(), data, times, job));
  return learner;
}

Watchdog::Options WatchdogOptions(const TrainerOptions& options,
                                  const Communicator& job) {
  Watchdog::Options watch;
  watch.rank = job.rank();
  watch.timeout = options.timeout;
  return watch;
}

void SayResumed(const FoundCheckpoint& found, const Timetable& times,
                RunRecorder* recorder) {
  const Checkpoint& checkpoint = found.checkpoint;
  recorder->Say(absl::StrCat("resuming from ", found.path, ": iteration ",
                             checkpoint.iteration));
  const auto before = checkpoint.state.find(kPicturesKey);
  if (before == checkpoint.state.end() ||
      before->second == absl::StrCat(times.pictures())) {
    return;
  }
  recorder->Say(
      absl::StrCat("warning: the checkpoint's run took ", before->second,
                   " pictures per iteration, this one takes ", times.pictures(),
                   ": it goes on where a run with ", times.pictures(),
                   " would be after ", checkpoint.iteration, " iterations"));
}

RunStart StartOf(const TrainerOptions& options, const RunState& state,
                 const Communicator& job) {
  RunStart start;
  start.command_line = options.command_line;
  start.version = kVersion;
  start.processes = job.size();
  start.iteration = state.iteration;
  start.config = absl::StrCat(
      "# The recipe (fcis.TrainConfig). The model is in each checkpoint.\n",
      AsText(options.config));
  return start;
}

void SayWhatIsDone(const TrainerOptions& options, const TrainingSet& data,
                   const Timetable& times, int64_t done, int processes,
                   RunRecorder* recorder) {
  const TrainConfig& config = options.config;
  recorder->Say(absl::StrCat("run directory: ", recorder->path()));
  recorder->Say(absl::StrCat(
      data.size(), " pictures",
      times.epoch_pictures() == data.size()
          ? std::string()
          : absl::StrCat(" (", times.epoch_pictures(), " in an epoch)"),
      ", ", data.class_names().size(), " classes; ", processes, " processes x ",
      config.batch(), " pictures",
      config.accumulate() > 1 ? absl::StrCat(" x ", config.accumulate())
                              : std::string(),
      done < times.iterations()
          ? absl::StrCat("; iterations ", done + 1, " to ", times.iterations())
          : absl::StrCat("; all ", done, " iterations are done")));
  recorder->Say(times.schedule().Describe());
  if (config.schedule().patience() > 0 && !options.validate) {
    recorder->Say(
        "warning: schedule.patience has no effect without a validation set");
  }
}

absl::StatusOr<TrainEnd> RunTraining(const TrainerOptions& options,
                                     TrainerRun run, const TrainingSet& data,
                                     const Weights& initial,
                                     TrainBackend* backend, Communicator* job) {
  const Epoch epoch(options, data);
  const Timetable times(options, epoch.pictures, job->size());
  run.record.set_epoch_pictures(epoch.pictures);
  run.record.set_stretch(options.stretch);
  RunRecorder recorder(run.path, run.directory, std::move(run.record));
  if (run.checkpoint.has_value()) {
    SayResumed(*run.checkpoint, times, &recorder);
  }
  ASSIGN_OR_RETURN(
      const auto learner,
      MakeLearner(options, run.checkpoint, initial, data, times, backend, job));
  run.checkpoint.reset();  // Its memory.
  const RunState& state = learner->state();
  ASSIGN_OR_RETURN(const auto loader,
                   StartLoading(options, data, epoch, state, *job));
  Watchdog watchdog(WatchdogOptions(options, *job));
  RETURN_IF_ERROR(
      recorder.Start(StartOf(options, state, *job), times.iterations()));
  SayWhatIsDone(options, data, times, state.iteration, job->size(), &recorder);
  return Trainer(options, times, learner.get(), loader.get(), &recorder,
                 &watchdog, job)
      .Run();
}

absl::StatusOr<Trial> RunTrial(const TrainerOptions& options,
                               const TrainingSet& data, const Weights& initial,
                               TrainBackend* backend, Communicator* job) {
  const Epoch epoch(options, data);
  const Timetable times(options, epoch.pictures, job->size());
  ASSIGN_OR_RETURN(
      const auto learner,
      MakeLearner(options, std::nullopt, initial, data, times, backend, job));
  ASSIGN_OR_RETURN(const auto loader,
                   StartLoading(options, data, epoch, learner->state(), *job));
  RunRecorder silent("", nullptr, RunRecord());
  Watchdog watchdog(WatchdogOptions(options, *job));
  return Trainer(options, times, learner.get(), loader.get(), &silent,
                 &watchdog, job)
      .Try();
}

}  // namespace

absl::StatusOr<TrainEnd> Train(const TrainerOptions& options, TrainerRun run,
                               const TrainingSet& data, const Weights& initial,
                               TrainBackend* backend, Communicator* job) {
  absl::StatusOr<TrainEnd> end =
      RunTraining(options, std::move(run), data, initial, backend, job);
  // The others may be waiting for this process' numbers.
  if (!end.ok()) job->GiveUp();
  return end;
}

absl::StatusOr<Trial> TryIterations(const TrainerOptions& options,
                                    const TrainingSet& data,
                                    const Weights& initial,
                                    TrainBackend* backend, Communicator* job) {
  absl::StatusOr<Trial> trial = RunTrial(options, data, initial, backend, job);
  if (!trial.ok()) job->GiveUp();
  return trial;
}

}  // namespace fcis
