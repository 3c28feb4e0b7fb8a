#include "fcis/train/trainer/train.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/comm/same_everywhere.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/data/loader/epoch_order.h"
#include "fcis/data/loader/loader.h"
#include "fcis/train/run/watchdog.h"
#include "fcis/train/trainer/run_recorder.h"
#include "fcis/train/trainer/run_state.h"
#include "fcis/train/trainer/timetable.h"

namespace fcis::train {
namespace {

// What a run and its trial are put together from.
class Job {
 public:
  Job(const TrainerOptions& options, const data::TrainingSet& data,
      Communicator* job)
      : options_(options),
        data_(data),
        job_(job),
        repeats_(data::RepeatFactors(data,
                                     options.config.data().repeat_threshold())),
        times_(options, data::EpochOrder::SizeOf(data.size(), repeats_),
               job->size()) {}

  const Timetable& times() const { return times_; }
  const RunState& state() const { return *state_; }

  absl::Status Begin(const FoundCheckpoint* found, model::Weights weights,
                     kernels::TrainBackend* backend);
  Trainer MakeTrainer(RunRecorder* recorder) {
    return Trainer(options_, times_, state_.get(), loader_.get(), recorder,
                   watchdog_.get(), job_);
  }

 private:
  absl::Status CheckSame() const;
  void StartLoading();

  const TrainerOptions& options_;
  const data::TrainingSet& data_;
  Communicator* const job_;
  const std::vector<double> repeats_;  // of the data set's pictures
  const Timetable times_;
  std::unique_ptr<RunState> state_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<Watchdog> watchdog_;
};

absl::Status Job::Begin(const FoundCheckpoint* found, model::Weights weights,
                        kernels::TrainBackend* backend) {
  if (found != nullptr) weights.source = found->path;
  ASSIGN_OR_RETURN(
      state_,
      RunState::Create({options_.config, options_.seed, times_.pictures()},
                       std::move(weights),
                       found == nullptr ? nullptr : &found->checkpoint, backend,
                       job_));
  RETURN_IF_ERROR(CheckSame());
  StartLoading();
  return absl::OkStatus();
}

// Sums of different things would be nonsense without an error.
absl::Status Job::CheckSame() const {
  ASSIGN_OR_RETURN(const std::vector<float> values,
                   state_->network().FetchValues());
  std::string layouts;
  for (const Parameter* p : state_->network().parameters()) {
    absl::StrAppend(&layouts, p->layout, "\n");
  }
  return CheckSameEverywhere(
      {{"the recipe", AsText(options_.config)},
       {"the seed", absl::StrCat(options_.seed)},
       {"the model's configuration", AsText(state_->model())},
       {"the number of pictures", absl::StrCat(data_.size())},
       {"the iteration that it starts after",
        absl::StrCat(state_->iteration())},
       {"the last iteration", absl::StrCat(times_.iterations())},
       {"weights",
        absl::string_view(reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof(float))},
       {"how the CPU lays weights out (set DNNL_MAX_CPU_ISA to the weakest "
        "CPU's)",
        layouts}},
      job_);
}

void Job::StartLoading() {
  data::LoaderOptions loader;
  loader.seed = options_.seed;
  loader.rank = job_->rank();
  loader.world = job_->size();
  loader.batch = options_.config.batch() * options_.config.accumulate();
  loader.threads = options_.loader_threads;
  loader.prefetch = options_.prefetch;
  loader.first_iteration = state_->iteration();
  loader.aspect_grouping = options_.config.aspect_grouping();
  loader.repeats = repeats_;
  loader.augmentation = options_.config.augmentation();
  loader.ground_truth = options_.config.ground_truth();
  loader_ =
      std::make_unique<data::Loader>(&data_, state_->model().input(), loader);
  Watchdog::Options watch;
  watch.rank = job_->rank();
  watch.timeout = options_.timeout;
  // As long as mpiexec takes to end the others, at least.
  watch.more_for_others = std::max(absl::Seconds(5), options_.timeout / 10);
  watchdog_ = std::make_unique<Watchdog>(watch);
}

void SayResumed(const FoundCheckpoint& found, int64_t pictures,
                RunRecorder* recorder) {
  const Checkpoint& checkpoint = found.checkpoint;
  recorder->Say(absl::StrCat("resuming from ", found.path, ": iteration ",
                             checkpoint.iteration));
  const auto before = checkpoint.state.find(kPicturesKey);
  if (before == checkpoint.state.end() ||
      before->second == absl::StrCat(pictures)) {
    return;
  }
  recorder->Say(
      absl::StrCat("warning: the checkpoint's run took ", before->second,
                   " pictures per iteration, this one takes ", pictures,
                   ": it goes on where a run with ", pictures,
                   " would be after ", checkpoint.iteration, " iterations"));
}

RunStart StartOf(const TrainerOptions& options, int64_t done, int processes) {
  RunStart start;
  start.command_line = options.command_line;
  start.version = kVersion;
  start.processes = processes;
  start.iteration = done;
  start.config = absl::StrCat(
      "# The recipe (fcis.TrainConfig). The model is in each checkpoint.\n",
      AsText(options.config));
  return start;
}

void SayWhatIsDone(const TrainerOptions& options, const data::TrainingSet& data,
                   const Timetable& times, const RunStart& start,
                   RunRecorder* recorder) {
  const TrainConfig& config = options.config;
  const int64_t done = start.iteration;
  recorder->Say(absl::StrCat("run directory: ", recorder->path()));
  recorder->Say(absl::StrCat(
      data.size(), " pictures",
      times.epoch_pictures() == data.size()
          ? std::string()
          : absl::StrCat(" (", times.epoch_pictures(), " in an epoch)"),
      ", ", data.class_names().size(), " classes; ", start.processes,
      start.processes == 1 ? " process x " : " processes x ", config.batch(),
      " pictures",
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

}  // namespace

absl::StatusOr<bool> Train(const TrainerOptions& options, TrainerRun run,
                           const data::TrainingSet& data,
                           const model::Weights& initial,
                           kernels::TrainBackend* backend, Communicator* job) {
  Job parts(options, data, job);
  run.record.set_epoch_pictures(parts.times().epoch_pictures());
  run.record.set_stretch(options.stretch);
  RunRecorder recorder(run.path, run.directory, std::move(run.record));
  const bool resumes = run.checkpoint.has_value();
  if (resumes) {
    SayResumed(*run.checkpoint, parts.times().pictures(), &recorder);
  }
  RETURN_IF_ERROR(
      parts.Begin(resumes ? &*run.checkpoint : nullptr, initial, backend));
  run.checkpoint.reset();  // Its memory.
  const RunStart start =
      StartOf(options, parts.state().iteration(), job->size());
  RETURN_IF_ERROR(recorder.Start(start, parts.times().iterations()));
  SayWhatIsDone(options, data, parts.times(), start, &recorder);
  return parts.MakeTrainer(&recorder).Run();
}

absl::StatusOr<Trial> TryIterations(const TrainerOptions& options,
                                    const data::TrainingSet& data,
                                    const model::Weights& initial,
                                    kernels::TrainBackend* backend,
                                    Communicator* job) {
  Job parts(options, data, job);
  RETURN_IF_ERROR(parts.Begin(nullptr, initial, backend));
  RunRecorder silent("", nullptr, RunRecord());
  return parts.MakeTrainer(&silent).Try();
}

}  // namespace fcis::train
