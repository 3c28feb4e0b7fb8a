#include "fcis/train/trainer/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/peak_memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/comm/same_everywhere.h"
#include "fcis/data/loader/epoch_order.h"
#include "fcis/data/loader/loader.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/config/train_options.h"
#include "fcis/train/run/event_log.h"
#include "fcis/train/run/loss_chart.h"
#include "fcis/train/run/stop_signal.h"
#include "fcis/train/run/train_console.h"
#include "fcis/train/run/watchdog.h"
#include "fcis/train/schedule/schedule.h"
#include "fcis/train/step/train_step.h"
#include "fcis/train/trainer/gradient_reducer.h"
#include "fcis/train/trainer/iteration_sums.h"
#include "fcis/train/trainer/patience.h"
#include "fcis/train/trainer/train_state.h"

namespace fcis {
namespace {

// In a checkpoint's state: of an iteration, all processes together.
constexpr char kPicturesKey[] = "train.pictures_per_iteration";
// Of the time of a training step, about, with what follows the network.
constexpr double kForwardShare = .5;

class Trainer {
 public:
  Trainer(const TrainerOptions& options, TrainerRun run,
          const TrainingSet& data, TrainBackend* backend, Communicator* job)
      : options_(options),
        config_(options.config),
        run_(std::move(run)),
        data_(data),
        backend_(backend),
        job_(job),
        pictures_(int64_t{job->size()} * config_.batch() *
                  config_.accumulate()),
        repeats_(RepeatFactors(data, config_.data().repeat_threshold())),
        epoch_size_(EpochOrder::SizeOf(data.size(), repeats_)),
        schedule_(config_.schedule(), pictures_, epoch_size_, options.stretch),
        iterations_(options.max_iterations > 0 ? options.max_iterations
                                               : schedule_.iterations()) {}

  absl::StatusOr<TrainEnd> Run(const Weights& initial);
  absl::StatusOr<Trial> Try(const Weights& initial);

 private:
  bool leads() const { return job_->rank() == 0; }
  double EpochsAt(int64_t iteration) const {
    return static_cast<double>(iteration) * pictures_ / epoch_size_;
  }
  bool has_norm() const {
    return config_.optimizer().clip_norm() > 0 || state_.scale.dynamic();
  }
  void Say(const std::string& line) {
    if (!leads()) return;
    if (console_ != nullptr) {
      console_->Print(line);
    } else {
      std::fprintf(stdout, "%s\n", line.c_str());
      std::fflush(stdout);
    }
  }

  void TakeUpCheckpoint();
  absl::Status MakeNetwork(Weights weights);
  absl::Status CheckSame();
  absl::Status StartLoading();
  absl::Status Start();
  absl::Status Iterate();
  absl::StatusOr<IterationSums> Step(std::vector<std::string>* image_ids);
  absl::Status Update(double rate, double norm);
  absl::Status Log(const IterationSums& sums, double rate, double norm,
                   absl::Duration took, absl::Duration waited);
  absl::Status Save();
  absl::Status WriteFiles() const;
  absl::Status Validate();
  absl::Status CheckPatience();
  absl::StatusOr<Weights> Exported(
      const absl::optional<BestCheckpoint>& best) const;
  absl::Status Finish();
  bool Due(int64_t every) const { return every > 0 && done_ % every == 0; }
  int64_t epoch() const {  // in iterations
    return std::max<int64_t>(1, epoch_size_ / pictures_);
  }
  bool has_patience() const {
    return config_.schedule().patience() > 0 && options_.validate;
  }
  int64_t validation_interval() const {  // in iterations
    const auto every = static_cast<int64_t>(options_.validate_every * epoch());
    return std::max<int64_t>(1, every);
  }
  bool ValidationIsDue() const {
    return options_.validate && done_ > 0 &&
           (done_ == iterations_ || Due(validation_interval()));
  }

  const TrainerOptions& options_;
  const TrainConfig& config_;
  TrainerRun run_;
  const TrainingSet& data_;
  TrainBackend* const backend_;
  Communicator* const job_;
  const int64_t pictures_;             // of an iteration, all processes
  const std::vector<double> repeats_;  // of the data set's pictures
  const int64_t epoch_size_;           // pictures, repetitions included
  const Schedule schedule_;
  const int64_t iterations_;

  int64_t done_ = 0;    // iterations
  int64_t saved_ = -1;  // iteration of the last checkpoint
  bool out_of_patience_ = false;
  TrainEnd end_;
  TrainState state_;
  LossOptions loss_;
  std::unique_ptr<GradientReducer> reducer_;
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<EventLog> log_;          // rank 0
  std::unique_ptr<TrainConsole> console_;  // rank 0
  std::unique_ptr<Watchdog> watchdog_;
};

void Trainer::TakeUpCheckpoint() {
  if (!run_.checkpoint.has_value()) return;
  const Checkpoint& checkpoint = run_.checkpoint->checkpoint;
  done_ = checkpoint.iteration;
  Say(absl::StrCat("resuming from ", run_.checkpoint->path, ": iteration ",
                   done_));
  const auto before = checkpoint.state.find(kPicturesKey);
  if (before == checkpoint.state.end() ||
      before->second == absl::StrCat(pictures_)) {
    return;
  }
  Say(absl::StrCat("warning: the checkpoint's run took ", before->second,
                   " pictures per iteration, this one takes ", pictures_,
                   ": it goes on where a run with ", pictures_,
                   " would be after ", done_, " iterations"));
}

absl::Status Trainer::MakeNetwork(Weights weights) {
  const bool resumes = run_.checkpoint.has_value();
  if (resumes) weights.source = run_.checkpoint->path;
  ASSIGN_OR_RETURN(state_, TrainState::Create(
                               std::move(weights),
                               resumes ? &run_.checkpoint->checkpoint : nullptr,
                               config_, backend_, job_));
  run_.checkpoint.reset();
  loss_ = LossOptionsOf(config_, state_.model);
  ASSIGN_OR_RETURN(reducer_, GradientReducer::Create(
                                 state_.network.get(), job_,
                                 config_.gradient_sums() == TrainConfig::BF16
                                     ? SumType::kBF16
                                     : SumType::kF32));
  return CheckSame();
}

// Sums of different things would be nonsense without an error.
absl::Status Trainer::CheckSame() {
  ASSIGN_OR_RETURN(const std::vector<float> values,
                   state_.network->FetchValues());
  std::string layouts;
  for (const Parameter* p : state_.network->parameters()) {
    absl::StrAppend(&layouts, p->layout, "\n");
  }
  return CheckSameEverywhere(
      {{"the recipe", AsText(config_)},
       {"the seed", absl::StrCat(options_.seed)},
       {"the model's configuration", AsText(state_.model)},
       {"the number of pictures", absl::StrCat(data_.size())},
       {"the iteration that it starts after", absl::StrCat(done_)},
       {"the last iteration", absl::StrCat(iterations_)},
       {"weights",
        absl::string_view(reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof(float))},
       {"how the CPU lays weights out (set DNNL_MAX_CPU_ISA to the weakest "
        "CPU's)",
        layouts}},
      job_);
}

absl::Status Trainer::StartLoading() {
  LoaderOptions loader;
  loader.seed = options_.seed;
  loader.rank = job_->rank();
  loader.world = job_->size();
  loader.batch = config_.batch() * config_.accumulate();
  loader.threads = options_.loader_threads;
  loader.prefetch = options_.prefetch;
  loader.first_iteration = done_;
  loader.aspect_grouping = config_.aspect_grouping();
  loader.repeats = repeats_;
  loader.augmentation = AugmentationOf(config_);
  ASSIGN_OR_RETURN(loader_,
                   Loader::Create(&data_, state_.model.input(), loader));
  Watchdog::Options watch;
  watch.rank = job_->rank();
  watch.timeout = options_.timeout;
  watchdog_ = absl::make_unique<Watchdog>(watch);
  return absl::OkStatus();
}

absl::Status Trainer::Start() {
  RETURN_IF_ERROR(StartLoading());
  if (!leads()) return absl::OkStatus();
  RunStart start;
  start.command_line = options_.command_line;
  start.version = kVersion;
  start.processes = job_->size();
  start.iteration = done_;
  start.config = absl::StrCat(
      "# The recipe (fcis.TrainConfig). The model is in each checkpoint.\n",
      AsText(config_));
  run_.record.set_epoch_pictures(epoch_size_);
  run_.record.set_stretch(options_.stretch);
  if (run_.record.finished() > done_) {  // From here on it is another model.
    run_.record.set_finished(0);
    RETURN_IF_ERROR(SetAside(absl::StrCat(run_.path, "/", kModelFile)));
  }
  start.record = run_.record;
  RETURN_IF_ERROR(run_.directory->RecordStart(start));
  RETURN_IF_ERROR(SetAsideNewer(run_.path, done_).status());
  ASSIGN_OR_RETURN(const std::string aside,
                   SetAsideBest(run_.path, done_, run_.record.validation()));
  if (!aside.empty()) Say(aside);
  ASSIGN_OR_RETURN(log_, EventLog::Open(run_.path, done_));
  console_ = absl::make_unique<TrainConsole>(
      TrainConsole::ForTerminal(iterations_, done_));
  return absl::OkStatus();
}

absl::StatusOr<IterationSums> Trainer::Step(
    std::vector<std::string>* image_ids) {
  IterationSums sums;
  for (int part = 0; part < config_.accumulate(); ++part) {
    watchdog_->Feed("loading pictures", done_ + 1);
    std::vector<TrainSample> samples;
    std::vector<Sampler> samplers;
    for (int b = 0; b < config_.batch(); ++b) {
      ASSIGN_OR_RETURN(LoadedSample loaded, loader_->Next());
      image_ids->push_back(loaded.image_id);
      // A stream per picture: the same on whichever process it falls.
      samplers.emplace_back(
          RngBits(RngKey("training targets", options_.seed), loaded.number));
      samples.push_back(std::move(loaded.sample));
    }
    watchdog_->Feed("forward and backward pass", done_ + 1);
    const bool last = part + 1 == config_.accumulate();
    std::function<void(int)> ready;
    if (last) ready = [this](int n) { reducer_->Ready(n); };
    ASSIGN_OR_RETURN(
        const LossTerms terms,
        TrainStep(state_.model, loss_, samples, static_cast<int>(pictures_),
                  state_.scale.value(), /*add=*/part > 0, state_.network.get(),
                  backend_, absl::MakeSpan(samplers), ready));
    AddTerms(terms, &sums.terms);
  }
  return sums;
}

absl::Status Trainer::Iterate() {
  const absl::Time began = absl::Now();
  const double waited_before = loader_->wait_seconds();
  std::vector<std::string> image_ids;
  absl::StatusOr<IterationSums> own = Step(&image_ids);
  RETURN_IF_ERROR(own.status());
  watchdog_->FeedWaitingForOthers("sums of gradients", done_ + 1);
  RETURN_IF_ERROR(reducer_->Finish());
  IterationSums sums = *own;
  sums.stop = StopRequested();
  RETURN_IF_ERROR(sums.AddUp(job_));
  const double rate = schedule_.LearningRate(done_);
  double norm = 0;
  if (has_norm()) {
    ASSIGN_OR_RETURN(norm,
                     state_.optimizer->GradientNorm(state_.scale.value()));
  }
  if (!NotFinite(sums.terms).empty() ||
      (!std::isfinite(norm) && !state_.scale.dynamic())) {
    const std::string mine = NotFinite(own->terms);
    std::string where = NotFinite(sums.terms).empty()
                            ? "the gradient's norm is not finite"
                            : NotFinite(sums.terms);
    if (!mine.empty()) {
      where =
          absl::StrCat(mine, " for image ids ", absl::StrJoin(image_ids, ", "),
                       " on rank ", job_->rank());
    }
    return absl::AbortedError(absl::StrCat(
        "iteration ", done_ + 1, ": ", where,
        "; a lower learning rate, a warm-up or clip_norm may help. The last "
        "checkpoint is kept"));
  }
  watchdog_->Feed("update", done_ + 1);
  RETURN_IF_ERROR(Update(rate, norm));
  ++done_;
  RETURN_IF_ERROR(Log(sums, rate, norm, absl::Now() - began,
                      absl::Seconds(loader_->wait_seconds() - waited_before)));

  const bool last = done_ == iterations_;
  const int64_t every =
      options_.checkpoint_every > 0 ? options_.checkpoint_every : epoch();
  if (last || sums.stop || Due(every)) RETURN_IF_ERROR(Save());
  if (ValidationIsDue()) {
    RETURN_IF_ERROR(Validate());
    RETURN_IF_ERROR(CheckPatience());
  }
  if (sums.stop && !last && !out_of_patience_) {
    Say(absl::StrCat("stopped by a signal after iteration ", done_));
    return absl::CancelledError("");
  }
  return absl::OkStatus();
}

// A step, unless its gradients were scaled out of range. All processes have the
// same gradients and come to the same end.
absl::Status Trainer::Update(double rate, double norm) {
  const float scale = state_.scale.value();
  const bool finite = std::isfinite(norm);
  const absl::Status updated = state_.scale.Update(finite);
  if (!updated.ok()) {
    return absl::AbortedError(absl::StrCat("iteration ", done_ + 1, ": ",
                                           updated.message(),
                                           ". The last checkpoint is kept"));
  }
  if (!finite) return absl::OkStatus();
  RETURN_IF_ERROR(
      state_.optimizer->Step(static_cast<float>(rate), norm, scale));
  return state_.network->Refresh();
}

absl::Status Trainer::Log(const IterationSums& sums, double rate, double norm,
                          absl::Duration took, absl::Duration waited) {
  if (!leads()) return absl::OkStatus();
  const LossTerms& terms = sums.terms;
  std::vector<std::pair<std::string, double>> values = {
      {"epoch", EpochsAt(done_)}, {"lr", rate}, {"loss", terms.sum()}};
  for (auto& term : NamedTerms(terms)) values.push_back(std::move(term));
  const bool finite = std::isfinite(norm);
  if (has_norm()) values.emplace_back("gradient_norm", finite ? norm : 0);
  if (state_.scale.dynamic()) {
    values.emplace_back("loss_scale", state_.scale.value());
    values.emplace_back("left_out", finite ? 0 : 1);
  }
  const size_t shown = values.size();
  values.emplace_back("images_per_s", pictures_ / absl::ToDoubleSeconds(took));
  values.emplace_back("data_wait_s", absl::ToDoubleSeconds(waited));
  // Where the reference would have failed.
  values.emplace_back("without_anchors", terms.without_anchors);
  values.emplace_back("without_rois", terms.without_rois);
  values.emplace_back("without_foreground", terms.without_foreground);
  RETURN_IF_ERROR(log_->Write(done_, values));
  values.resize(shown);
  console_->Iteration(done_, values, pictures_, waited);
  return absl::OkStatus();
}

// Rank 0's part of Save.
absl::Status Trainer::WriteFiles() const {
  ASSIGN_OR_RETURN(Checkpoint checkpoint, state_.Save(done_));
  checkpoint.state["train.config"] = AsText(config_);
  checkpoint.state[kSeedKey] = absl::StrCat(options_.seed);
  checkpoint.state[kPicturesKey] = absl::StrCat(pictures_);
  RETURN_IF_ERROR(log_->Sync());
  RETURN_IF_ERROR(WriteCheckpoint(run_.path, checkpoint).status());
  RETURN_IF_ERROR(PruneCheckpoints(run_.path, options_.keep_checkpoints));
  return WriteLossChart(run_.path);
}

absl::Status Trainer::Save() {
  watchdog_->FeedWaitingForOthers("checkpoint", done_);
  const absl::Status saved = leads() ? WriteFiles() : absl::OkStatus();
  saved_ = done_;
  ASSIGN_OR_RETURN(const int failed, job_->Sum(saved.ok() ? 0 : 1));
  RETURN_IF_ERROR(saved);
  return failed == 0
             ? absl::OkStatus()
             : absl::AbortedError("rank 0 could not write its checkpoint");
}

absl::Status Trainer::Validate() {
  if (saved_ != done_) RETURN_IF_ERROR(Save());
  watchdog_->FeedWaitingForOthers("validation", done_);
  ASSIGN_OR_RETURN(const Weights averaged, state_.Averaged());
  ASSIGN_OR_RETURN(const ValidationScore score,
                   options_.validate(averaged, done_, run_.path));
  Say(absl::StrFormat("validation after iteration %d: AP %.3f, AP50 %.3f",
                      done_, score.ap, score.ap50));
  if (!leads()) return absl::OkStatus();
  RETURN_IF_ERROR(log_->WriteMore(
      done_, {{"validation_ap", score.ap}, {"validation_ap50", score.ap50}}));
  RETURN_IF_ERROR(WriteLossChart(run_.path));
  BestCheckpoint candidate;
  candidate.iteration = done_;
  candidate.ap = score.ap;
  candidate.validation = run_.record.validation();
  ASSIGN_OR_RETURN(const bool best, KeepIfBest(run_.path, candidate));
  if (best) Say("  the best so far");
  return absl::OkStatus();
}

// Rank 0 knows, from what the run keeps, so that a resume comes to the same
// answer.
absl::Status Trainer::CheckPatience() {
  if (!has_patience()) return absl::OkStatus();
  bool spent = false;
  if (leads()) {
    ASSIGN_OR_RETURN(spent, PatienceIsSpent(run_.path, config_.schedule()));
  }
  ASSIGN_OR_RETURN(const int told, job_->Sum(spent ? 1 : 0));
  out_of_patience_ = told > 0;
  if (out_of_patience_ && done_ < iterations_) {
    Say(absl::StrCat("no better AP in ", config_.schedule().patience(),
                     " validations: training ends after iteration ", done_,
                     " of ", iterations_));
  }
  return absl::OkStatus();
}

// Of `best`; without one, the last.
absl::StatusOr<Weights> Trainer::Exported(
    const absl::optional<BestCheckpoint>& best) const {
  if (!best.has_value() || best->iteration == done_) return state_.Averaged();
  ASSIGN_OR_RETURN(
      const Checkpoint checkpoint,
      ReadCheckpoint(absl::StrCat(run_.path, "/", kBestCheckpoint)));
  return TrainState::AveragedOf(checkpoint, state_.model, config_, backend_,
                                job_);
}

// By rank 0.
absl::Status Trainer::Finish() {
  const std::string model = absl::StrCat(run_.path, "/", kModelFile);
  absl::optional<BestCheckpoint> best;
  if (has_patience()) {
    ASSIGN_OR_RETURN(best, BestToExport(run_.path, config_.schedule()));
  }
  ASSIGN_OR_RETURN(const Weights weights, Exported(best));
  RETURN_IF_ERROR(SaveWeights(model, weights));
  run_.record.set_finished(done_);
  RETURN_IF_ERROR(WriteRunRecord(run_.path, run_.record));
  end_.model_iteration = best.has_value() ? best->iteration : done_;
  console_.reset();
  if (best.has_value()) {
    Say(absl::StrCat("the model is of iteration ", best->iteration,
                     ", the best validated: AP ", best->ap));
  }
  return absl::OkStatus();
}

// Loads, computes and updates, and forgets it.
absl::StatusOr<Trial> Trainer::Try(const Weights& initial) {
  constexpr int kFirst = 2;  // that make plans, threads and buffers
  const int64_t most = kFirst + std::clamp<int64_t>(iterations_ / 20, 1, 40);
  constexpr absl::Duration kLongEnough = absl::Seconds(4);
  RETURN_IF_ERROR(MakeNetwork(initial));
  RETURN_IF_ERROR(StartLoading());
  absl::Time began = absl::Now();
  int timed = 0;
  for (int n = 0; n < most; ++n) {
    if (n == kFirst) began = absl::Now();
    std::vector<std::string> image_ids;
    RETURN_IF_ERROR(Step(&image_ids).status());
    watchdog_->FeedWaitingForOthers("sums of gradients", n + 1);
    RETURN_IF_ERROR(reducer_->Finish());
    RETURN_IF_ERROR(state_.optimizer->Step(0, 1, state_.scale.value()));
    RETURN_IF_ERROR(state_.network->Refresh());
    timed = n + 1 - kFirst;
    const bool enough =
        leads() && timed > 0 && absl::Now() - began > kLongEnough;
    ASSIGN_OR_RETURN(const int ends, job_->Sum(enough ? 1 : 0));
    if (ends > 0) break;
  }
  double sums[] = {absl::ToDoubleSeconds(absl::Now() - began) / timed,
                   static_cast<double>(PeakResidentBytes())};
  RETURN_IF_ERROR(job_->Sum(absl::MakeSpan(sums)));
  Trial trial;
  trial.iteration_s = sums[0] / job_->size();
  trial.bytes = static_cast<int64_t>(sums[1]);
  trial.iterations = iterations_;
  trial.epochs = EpochsAt(iterations_);
  if (options_.validate) {
    trial.validations = (iterations_ - 1) / validation_interval() + 1;
    trial.validation_s = trial.iteration_s * kForwardShare *
                         options_.validation_pictures / pictures_;
  }
  return trial;
}

absl::StatusOr<TrainEnd> Trainer::Run(const Weights& initial) {
  TakeUpCheckpoint();
  RETURN_IF_ERROR(MakeNetwork(initial));
  RETURN_IF_ERROR(Start());
  Say(absl::StrCat("run directory: ", run_.path));
  Say(absl::StrCat(
      data_.size(), " pictures",
      epoch_size_ == data_.size()
          ? std::string()
          : absl::StrCat(" (", epoch_size_, " in an epoch)"),
      ", ", data_.class_names().size(), " classes; ", job_->size(),
      " processes x ", config_.batch(), " pictures",
      config_.accumulate() > 1 ? absl::StrCat(" x ", config_.accumulate())
                               : std::string(),
      done_ < iterations_
          ? absl::StrCat("; iterations ", done_ + 1, " to ", iterations_)
          : absl::StrCat("; all ", done_, " iterations are done")));
  Say(schedule_.Describe());
  if (config_.schedule().patience() > 0 && !has_patience()) {
    Say("warning: schedule.patience has no effect without a validation set");
  }
  // It may be what the run was stopped in.
  if (done_ <= iterations_ && ValidationIsDue()) RETURN_IF_ERROR(Validate());
  RETURN_IF_ERROR(CheckPatience());
  while (done_ < iterations_ && !out_of_patience_) {
    const absl::Status status = Iterate();
    if (absl::IsCancelled(status)) return end_;
    RETURN_IF_ERROR(status);
  }
  if (leads()) RETURN_IF_ERROR(Finish());
  return end_;
}

}  // namespace

absl::StatusOr<TrainEnd> Train(const TrainerOptions& options, TrainerRun run,
                               const TrainingSet& data, const Weights& initial,
                               TrainBackend* backend, Communicator* job) {
  absl::StatusOr<TrainEnd> end =
      Trainer(options, std::move(run), data, backend, job).Run(initial);
  // The others may be waiting for this process' numbers.
  if (!end.ok()) job->GiveUp();
  return end;
}

absl::StatusOr<Trial> TryIterations(const TrainerOptions& options,
                                    const TrainingSet& data,
                                    const Weights& initial,
                                    TrainBackend* backend, Communicator* job) {
  absl::StatusOr<Trial> trial =
      Trainer(options, TrainerRun(), data, backend, job).Try(initial);
  if (!trial.ok()) job->GiveUp();
  return trial;
}

}  // namespace fcis
