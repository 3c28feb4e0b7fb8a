// Trains FCIS, alone or under mpiexec.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/stop_signal.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/comm/mpi_communicator.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/io/file.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/train/config/recipes.h"
#include "fcis/train/init/calibrate.h"
#include "fcis/train/main/closing_lines.h"
#include "fcis/train/main/faults.h"
#include "fcis/train/main/more_time_or_data.h"
#include "fcis/train/main/opened_run.h"
#include "fcis/train/main/preparation.h"
#include "fcis/train/main/run_length.h"
#include "fcis/train/main/train_plan.h"
#include "fcis/train/main/validator.h"
#include "fcis/train/trainer/train.h"
#include "fcis/train/watch/watch_flags.h"

namespace fcis::train {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "train";
  program.arguments = "[flags]";
  program.summary =
      "Trains FCIS. Under mpiexec the processes share the work: each computes "
      "on its own pictures and all average their gradients. Everything a run "
      "writes is in one directory: log.jsonl, log.csv, TensorBoard events, "
      "checkpoints, and at the end model.safetensors.\n\nSIGTERM, SIGINT and "
      "SIGUSR1 save a checkpoint and leave; --resume goes on bit for bit. A "
      "job that should start again by itself is started by "
      "//fcis/train:launch.";
  program.groups = {
      {"What to train", {"config", "set", "init", "download"}},
      {"Data",
       {"ann_file", "image_dir", "data_dir", "bad_annotations", "max_messages",
        "loader_threads", "prefetch"}},
      {"Validation",
       {"val_ann_file", "val_image_dir", "val_every", "map_classes"}},
      {"Run",
       {"out", "resume", "resume_from", "change_recipe", "minutes", "max_iters",
        "seed", "checkpoint_every", "keep_checkpoints", "timeout"}},
      {"Watching", {"watch", "watch_port"}},
      {"Computing", model::BackendFlagNames()}};
  program.texts = {
      {"config",
       absl::StrCat("Recipe: ", absl::StrJoin(RecipeNames(), ", "),
                    ", or a file (fcis/train/config/train.proto in text "
                    "form). With --ann_file and without --init: finetune.")},
      {"ann_file",
       "Annotations in COCO's format, with --image_dir; the classes are "
       "theirs. Default: what the recipe says, else COCO in --data_dir."},
      {"out", "Run directory. Default: out/<date>_<time> where you stand."},
      {"seed", "Seed of order, augmentation, samples and weights."}};
  program.defaults = {{"config", "chainer_fcis"}};
  program.short_flags = {{'o', "out"}, {'d', "data_dir"}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "train --config small_scenes --out scenes",
      "train --ann_file mine.json --image_dir mine --out run",
      "train --ann_file a.json --image_dir pictures --init resnet101_imagenet",
      "mpiexec -n 2 train --config chainer_fcis --out run",
      "train --out run --resume"};
  return program;
}

// The first pictures of the data set are enough for statistics.
absl::Status CalibrateOn(const data::TrainingSet& data,
                         model::Weights* weights) {
  constexpr int64_t kPictures = 16;
  std::vector<Tensor> pictures;
  for (int64_t i = 0; i < std::min(kPictures, data.size()); ++i) {
    ASSIGN_OR_RETURN(const data::LabelledImage image, data.Get(i));
    ASSIGN_OR_RETURN(Tensor prepared,
                     Prepare(image.image, weights->config.input()));
    pictures.push_back(std::move(prepared));
  }
  ASSIGN_OR_RETURN(const auto backend,
                   kernels::MakeBackend("cpu", kernels::Precision::kF32));
  return CalibrateNorms(pictures, backend.get(), weights);
}

// The page of --watch, by rank 0; null: there is none. A training that cannot
// be watched goes on all the same.
std::unique_ptr<WatchServer> Watch(const OpenedRun& run,
                                   const Communicator& job,
                                   const SayLine& say) {
  if (job.rank() != 0) return nullptr;
  absl::StatusOr<std::unique_ptr<WatchServer>> server =
      ServeFromFlags({run.path});
  if (!server.ok()) {
    say(absl::StrCat("warning: no page: ", server.status().message()));
    return nullptr;
  }
  if (*server != nullptr) say(absl::StrCat("page: ", (*server)->url()));
  return *std::move(server);
}

// Leaves nothing of a run that did not begin.
void Abandon(const OpenedRun& run) {
  if (run.directory != nullptr) run.directory->Abandon();
}

// The run's last lines, by rank 0.
void SayWhatToDoNext(const OpenedRun& run, const ValidationReport& report,
                     const SayLine& say) {
  const std::string verdict = MoreTimeOrMoreData(run.path);
  if (!verdict.empty()) say(verdict);
  say(WhatToDoNext(absl::StrCat(run.path, "/", kModelFile), report));
}

// Of a run that was finished before.
ValidationReport EarlierReport(const std::string& run) {
  ValidationReport report;
  const std::string picture = absl::StrCat(run, "/", kValidationPicture);
  if (FileExists(picture)) report.picture = picture;
  return report;
}

// The scores and the picture of the model's validation. The model is written
// all the same: that something of this fails is said, no error.
ValidationReport ReportValidation(const OpenedValidator& validator,
                                  int64_t iteration, const std::string& run,
                                  const SayLine& say) {
  // One of an earlier end shows another model.
  std::remove(absl::StrCat(run, "/", kValidationPicture).c_str());
  if (!validator.report) return {};
  absl::StatusOr<ValidationReport> report = validator.report(iteration, run);
  if (!report.ok()) {
    say(absl::StrCat("warning: no report of the validation: ",
                     report.status().message()));
    return {};
  }
  say(absl::StrCat("scores of the model, which is that of iteration ",
                   iteration, ", by masks on the validation set:\n",
                   report->table));
  for (const std::string& problem : report->problems) {
    say(absl::StrCat("warning: not shown: ", problem));
  }
  return *std::move(report);
}

// Moves the scores of the report; by how much those of the model are to move.
double CalibrateScores(const SayLine& say, ValidationReport* report) {
  const double lower = report->overconfidence;
  // Only what tells nothing moves them by nothing.
  constexpr double kNothing = 1e-6;
  say(std::abs(lower) < kNothing
          ? "scores: they stay as they are, for the validation found nothing "
            "of 0.50 or more (calibrate_scores)"
          : absl::StrFormat(
                "scores: what the validation gave 0.90 the model gives %.2f, "
                "for so many were right (calibrate_scores)",
                LoweredScore(.9, lower)));
  if (report->score_thresh >= 0) {
    report->score_thresh = LoweredScore(report->score_thresh, lower);
  }
  return lower;
}

// How long a new run is, and how large its input.
absl::Status ChooseLength(const OpenedRun& run, kernels::TrainBackend* backend,
                          Communicator* job, const SayLine& say,
                          TrainPlan* plan, PreparedJob* prepared) {
  const auto fit = [&](bool may_shrink) {
    return FitLength(plan->options, *prepared->data.set, prepared->weights,
                     may_shrink, backend, job, say);
  };
  // An earlier one keeps its input.
  ASSIGN_OR_RETURN(RunLength length, fit(!run.record.has_value()));
  if (length.input_scale < 1) {
    const InputConfig before = plan->model.input();
    const absl::Status status =
        ScaleRunsInput(length.input_scale, plan, prepared);
    RETURN_IF_ERROR(ToldOnce(status, job, [&run] { Abandon(run); }));
    const InputConfig& input = plan->model.input();
    say(absl::StrCat("input: ", input.min_size(), "/", input.max_size(),
                     " instead of ", before.min_size(), "/", before.max_size(),
                     ", so that the pictures are seen more often (the recipe's "
                     "schedule.least_epochs); more --minutes keep it larger"));
    ASSIGN_OR_RETURN(length, fit(false));
  }
  plan->options.stretch = length.stretch;
  return absl::OkStatus();
}

absl::Status PrepareAndTrain(TrainPlan* plan, const OpenedRun& run,
                             kernels::TrainBackend* backend, Communicator* job,
                             const SayLine& say) {
  const auto abandon = [&run] { Abandon(run); };
  PreparedJob prepared;
  absl::Status status =
      PrepareJob(*plan, run, &backend->forward(), job, say, &prepared);
  RETURN_IF_ERROR(ToldOnce(status, job, abandon));
  // Sums over processes that see different data would have no meaning.
  status = CheckSameData(prepared.run.record, job);
  RETURN_IF_ERROR(ToldOnce(status, job, abandon));

  // Norms that do not learn their statistics need some, which a file brings.
  if (absl::GetFlag(FLAGS_init) == "scratch" &&
      !prepared.run.checkpoint.has_value() &&
      plan->config.normalization() != TrainConfig::BATCH) {
    RETURN_IF_ERROR(CalibrateOn(*prepared.data.set, &prepared.weights));
  }
  prepared.run.path = run.path;
  prepared.run.directory = run.directory.get();
  plan->options.validate = prepared.validator.validate;
  plan->options.validation_pictures = prepared.validator.pictures;
  InstallStopSignals(job->rank() == 0 ? "saving after this iteration"
                                      : nullptr);
  if (!plan->has_length) {
    RETURN_IF_ERROR(ChooseLength(run, backend, job, say, plan, &prepared));
  }
  ValidationReport report;
  plan->options.overconfidence = [&](int64_t iteration) {
    report = ReportValidation(prepared.validator, iteration, run.path, say);
    const bool calibrates =
        plan->config.calibrate_scores() && !report.table.empty();
    return calibrates ? CalibrateScores(say, &report) : 0;
  };
  ASSIGN_OR_RETURN(const bool finished,
                   Train(plan->options, std::move(prepared.run),
                         *prepared.data.set, prepared.weights, backend, job));
  if (job->rank() != 0) return absl::OkStatus();
  if (!finished) {
    say(HowToGoOn(run.path, job->size()));
    return absl::OkStatus();
  }
  SayWhatToDoNext(run, report, say);
  return absl::OkStatus();
}

absl::Status RunJob(const std::vector<std::string>& command_line,
                    Communicator* job) {
  const bool resume = absl::GetFlag(FLAGS_resume);
  const std::string out = absl::GetFlag(FLAGS_out);
  OpenedRun run;
  const SayLine say = [job](const std::string& line) {
    if (job->rank() == 0) PrintLine(stdout, line);
  };
  if (resume) {
    ASSIGN_OR_RETURN(run, OpenRun(out, resume, job));
  }
  absl::StatusOr<TrainPlan> plan = MakeTrainPlan(run, command_line, say);
  RETURN_IF_ERROR(ToldOnce(plan.status(), job));
  if (resume) {
    const bool first = job->rank() == 0;  // which tells the others
    ASSIGN_OR_RETURN(
        const int finished,
        job->Sum(first && SayIfFinished(run, *plan, job->size(), say) ? 1 : 0));
    if (finished > 0) {
      SayWhatToDoNext(run, EarlierReport(run.path), say);
      return absl::OkStatus();
    }
  }
  ASSIGN_OR_RETURN(const auto backend,
                   model::MakeFromFlags(kernels::MakeTrainBackend));
  if (!resume) {
    ASSIGN_OR_RETURN(run, OpenRun(out, resume, job));
  }
  const std::unique_ptr<WatchServer> page = Watch(run, *job, say);
  const absl::Status status =
      PrepareAndTrain(&*plan, run, backend.get(), job, say);
  if (!status.ok()) Abandon(run);
  return status;
}

absl::Status Run(const std::vector<std::string>& command_line) {
  RETURN_IF_ERROR(CheckResumeFlags());
  RETURN_IF_ERROR(CheckWatchFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> job, MakeCommunicator());
  const absl::Status status = RunJob(command_line, job.get());
  if (!status.ok()) job->GiveUp();
  return status;
}

}  // namespace
}  // namespace fcis::train

int main(int argc, char** argv) {
  const std::vector<std::string> command_line(argv, argv + argc);
  return fcis::Main(argc, argv, fcis::train::MakeProgram(),
                    [&] { return fcis::train::Run(command_line); });
}
