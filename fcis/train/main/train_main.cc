// Trains FCIS, alone or under mpiexec.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/comm/mpi_communicator.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/core/image/prepare.h"
#include "fcis/data/download/download_flag.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_choice.h"
#include "fcis/train/config/recipes.h"
#include "fcis/train/init/calibrate.h"
#include "fcis/train/main/training_data.h"
#include "fcis/train/main/training_init.h"
#include "fcis/train/main/validator.h"
#include "fcis/train/run/stop_signal.h"
#include "fcis/train/trainer/trainer.h"

ABSL_FLAG(
    std::string, config, "chainer_fcis",
    "Recipe: chainer_fcis, msracver_ohem, chainercv, small_scenes, "
    "small_photos, or a file (fcis/train/config/train.proto in text form).");
ABSL_FLAG(std::string, set, "",
          "Changes to the recipe, in text form: 'batch: 2 schedule { cosine: "
          "true }'. Lists grow.");
ABSL_FLAG(std::string, ann_file, "",
          "Annotations in COCO's format, with --image_dir; the classes are "
          "theirs. Default: what the recipe says, else COCO in --data_dir.");
ABSL_FLAG(std::string, image_dir, "", "The pictures of --ann_file.");
ABSL_FLAG(std::string, data_dir, "~/data/datasets/coco",
          "COCO's files, as download_datasets lays them out.");
ABSL_FLAG(std::string, val_ann_file, "",
          "Annotations to validate on, with --val_image_dir.");
ABSL_FLAG(std::string, val_image_dir, "", "The pictures of --val_ann_file.");
ABSL_FLAG(double, val_every, 1, "Epochs between validations.");
ABSL_FLAG(std::string, init, "",
          "Initial weights: a model, a checkpoint or an ImageNet backbone "
          "(file or published name), or scratch. Default: what the recipe "
          "says.");
ABSL_FLAG(std::string, out, "",
          "Run directory. Default: out/<date>_<time> where you stand.");
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
ABSL_FLAG(uint64_t, seed, 0, "Of order, augmentation, samples and weights.");
ABSL_FLAG(int64_t, checkpoint_every, 0,
          "Iterations between checkpoints; 0: one per epoch.");
ABSL_FLAG(int, keep_checkpoints, 3, "Newest checkpoints kept; 0: all.");
ABSL_FLAG(int, loader_threads, 1,
          "Threads of each process that read and prepare pictures.");
ABSL_FLAG(int, prefetch, 8, "Pictures prepared ahead by each process.");
ABSL_FLAG(double, timeout, 600,
          "Seconds without any progress after which the job is ended.");

namespace fcis {
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
       {"ann_file", "image_dir", "data_dir", "loader_threads", "prefetch"}},
      {"Validation", {"val_ann_file", "val_image_dir", "val_every"}},
      {"Run",
       {"out", "resume", "resume_from", "max_iters", "seed", "checkpoint_every",
        "keep_checkpoints", "timeout"}},
      {"Computing", BackendFlagNames()}};
  program.short_flags = {{'o', "out"}, {'d', "data_dir"}};
  program.version_details = DeviceDetails;
  program.examples = {
      "train --config small_scenes --out scenes",
      "train --ann_file a.json --image_dir pictures --init resnet101_imagenet",
      "mpiexec -n 2 train --config chainer_fcis --out run",
      "train --out run --resume"};
  return program;
}

absl::Status CheckPair(const char* a, const std::string& value_of_a,
                       const char* b, const std::string& value_of_b) {
  if (value_of_a.empty() == value_of_b.empty()) return absl::OkStatus();
  return UsageError(absl::StrCat("--", a, " goes with --", b));
}

absl::Status CheckAtLeast(const char* name, double value, double least) {
  if (value >= least) return absl::OkStatus();
  return UsageError(
      absl::StrCat("--", name, "=", value, ": expected at least ", least));
}

// Of the command line alone.
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

// With the run's own where the command line says nothing.
absl::Status CheckFlags() {
  RETURN_IF_ERROR(CheckBackendFlags());
  RETURN_IF_ERROR(CheckPair("ann_file", absl::GetFlag(FLAGS_ann_file),
                            "image_dir", absl::GetFlag(FLAGS_image_dir)));
  RETURN_IF_ERROR(CheckPair("val_ann_file", absl::GetFlag(FLAGS_val_ann_file),
                            "val_image_dir",
                            absl::GetFlag(FLAGS_val_image_dir)));
  RETURN_IF_ERROR(CheckAtLeast("max_iters", absl::GetFlag(FLAGS_max_iters), 0));
  RETURN_IF_ERROR(CheckAtLeast("checkpoint_every",
                               absl::GetFlag(FLAGS_checkpoint_every), 0));
  RETURN_IF_ERROR(CheckAtLeast("keep_checkpoints",
                               absl::GetFlag(FLAGS_keep_checkpoints), 0));
  RETURN_IF_ERROR(
      CheckAtLeast("loader_threads", absl::GetFlag(FLAGS_loader_threads), 1));
  RETURN_IF_ERROR(CheckAtLeast("prefetch", absl::GetFlag(FLAGS_prefetch), 1));
  RETURN_IF_ERROR(CheckAtLeast("timeout", absl::GetFlag(FLAGS_timeout), 1));
  return CheckAtLeast("val_every", absl::GetFlag(FLAGS_val_every), 1e-3);
}

// Of --config and --set; what they leave open is the run's. The --set that a
// run was begun with is in its recipe.
absl::StatusOr<TrainConfig> ConfigFromFlags(const OpenedRun& run) {
  const bool own = run.recipe.has_value() && !FlagWasGiven("config");
  absl::StatusOr<TrainConfig> config =
      own ? *run.recipe : Recipe(absl::GetFlag(FLAGS_config));
  if (!config.ok()) return UsageError(config.status().message());
  std::string changes = absl::GetFlag(FLAGS_set);
  if (own && (!FlagWasGiven("set") ||
              (run.record.has_value() &&
               run.record->flags().at("set") == changes))) {
    changes.clear();
  }
  absl::Status status = MergeTextProto(changes, "--set", &*config);
  if (status.ok()) status = CheckTrainConfig(*config);
  if (!status.ok()) return UsageError(status.message());
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
  options.validate_every = absl::GetFlag(FLAGS_val_every);
  options.timeout = absl::Seconds(absl::GetFlag(FLAGS_timeout));
  options.command_line = command_line;
  return options;
}

void Say(const Communicator& job, const std::string& text) {
  if (job.rank() == 0) std::printf("%s\n", text.c_str());
}

// The first pictures of the data set are enough for statistics.
absl::Status CalibrateOn(const TrainingSet& data, Weights* weights) {
  constexpr int64_t kPictures = 16;
  std::vector<Tensor> pictures;
  for (int64_t i = 0; i < std::min(kPictures, data.size()); ++i) {
    ASSIGN_OR_RETURN(const LabelledImage image, data.Get(i));
    ASSIGN_OR_RETURN(Tensor prepared,
                     Prepare(image.image, weights->config.input()));
    pictures.push_back(std::move(prepared));
  }
  ASSIGN_OR_RETURN(const auto backend, MakeBackend("cpu", Precision::kF32));
  return CalibrateNorms(pictures, backend.get(), weights);
}

// What a job is to do, before anything is read.
struct Plan {
  TrainConfig config;
  ModelConfig model;
};

// A model's file under a path that holds everywhere.
TrainConfig WithAbsoluteModel(TrainConfig config) {
  const std::string path = ResolvePath(config.model());
  const bool preset = absl::c_linear_search(PresetNames(), config.model());
  if (!preset && access(path.c_str(), F_OK) == 0) config.set_model(path);
  return config;
}

// A resume must not make another run of it.
absl::Status CheckAsBegun(const OpenedRun& run, const TrainConfig& config) {
  std::vector<std::string> lines;
  if (!absl::GetFlag(FLAGS_change_recipe)) {
    lines = FieldDifferences(WithAbsoluteModel(*run.recipe), config);
  }
  for (const std::string& line : Changes(run)) {
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

absl::StatusOr<Plan> MakePlan(const OpenedRun& run) {
  if (run.record.has_value()) RETURN_IF_ERROR(RestoreRunFlags(*run.record));
  RETURN_IF_ERROR(CheckFlags());
  Plan plan;
  ASSIGN_OR_RETURN(TrainConfig config, ConfigFromFlags(run));
  plan.config = WithAbsoluteModel(std::move(config));
  if (run.recipe.has_value()) {
    RETURN_IF_ERROR(CheckAsBegun(run, plan.config));
  }
  if (absl::GetFlag(FLAGS_init).empty()) {
    absl::SetFlag(&FLAGS_init, plan.config.init());
  }
  absl::StatusOr<ModelConfig> model = ModelOf(plan.config);
  if (!model.ok()) return UsageError(model.status().message());
  plan.model = *std::move(model);
  return plan;
}

// What a resume does otherwise than the run until now, on purpose.
void SayChanges(const OpenedRun& run, const Plan& plan,
                const Communicator& job) {
  for (const std::string& line :
       FieldDifferences(WithAbsoluteModel(*run.recipe), plan.config)) {
    Say(job, absl::StrCat("changed in the recipe: ", line));
  }
  for (const std::string& line : Changes(run)) {
    if (!absl::StartsWith(line, "--set")) {
      Say(job, absl::StrCat("changed: ", line));
    }
  }
  if (!run.record.has_value()) {
    Say(job, absl::StrCat(
                 "warning: ", run.path,
                 " was begun by an earlier version and has no run.textproto: "
                 "whether its data and flags are those that it was begun with "
                 "cannot be checked"));
  }
}

bool SayIfFinished(const OpenedRun& run, const Plan& plan,
                   const Communicator& job) {
  if (!run.record.has_value() || !absl::GetFlag(FLAGS_resume_from).empty()) {
    return false;
  }
  const int64_t pictures =
      int64_t{job.size()} * plan.config.batch() * plan.config.accumulate();
  const int64_t max_iters = absl::GetFlag(FLAGS_max_iters);
  const Schedule schedule(plan.config.schedule(), pictures,
                          std::max(1, run.record->pictures_size()));
  if (!IsFinished(run, max_iters > 0 ? max_iters : schedule.iterations())) {
    return false;
  }
  Say(job, absl::StrCat("the run is finished: ", run.newest,
                        " iterations are done\nmodel: ", run.path, "/",
                        kModelFile,
                        "\nTo train on: --max_iters with a larger number (0: "
                        "to the recipe's end), or --change_recipe with a "
                        "longer schedule"));
  return true;
}

struct Prepared {
  TrainingData data;
  Weights weights;
  Validator validate;  // empty: none was asked for
  TrainerRun run;
};

absl::Status CompareWithRun(const RunRecord& before, const RunRecord& now,
                            const Communicator& job) {
  const std::vector<std::string> lines =
      DataDifferences(before, now, "when the run was begun", "now");
  if (!lines.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the data set is not the one that the run was begun with:"
                     "\n  ",
                     absl::StrJoin(lines, "\n  "),
                     "\nTo train on other data: a new run, with --init and the "
                     "checkpoint"));
  }
  if (before.objects() != now.objects()) {
    Say(job,
        "warning: classes and pictures are those that the run was begun with, "
        "but annotations of them have changed");
  }
  return absl::OkStatus();
}

absl::Status PrepareData(const Plan& plan, const OpenedRun& run,
                         const Communicator& job, ModelConfig* model,
                         Prepared* prepared) {
  TrainingDataChoice choice;
  choice.ann_file = absl::GetFlag(FLAGS_ann_file);
  choice.image_dir = absl::GetFlag(FLAGS_image_dir);
  choice.data_dir = absl::GetFlag(FLAGS_data_dir);
  ASSIGN_OR_RETURN(prepared->data,
                   OpenTrainingData(choice, plan.config, model->input()));
  Say(job, prepared->data.statement);
  SetClasses(prepared->data.set->class_names(), model);
  const SetContents contents = prepared->data.set->Contents();
  RunRecord& record = prepared->run.record;
  *record.mutable_classes() = {contents.classes.begin(),
                               contents.classes.end()};
  *record.mutable_pictures() = {contents.pictures.begin(),
                                contents.pictures.end()};
  record.set_objects(contents.objects);
  if (!run.record.has_value()) return absl::OkStatus();
  record.set_finished(run.record->finished());
  return CompareWithRun(*run.record, record, job);
}

// The checkpoint of a resume. Without one yet the run begins once more.
absl::Status PrepareCheckpoint(const OpenedRun& run, const ModelConfig& model,
                               bool has_classes, const Communicator& job,
                               Prepared* prepared) {
  ASSIGN_OR_RETURN(
      prepared->run.checkpoint,
      FindStart(run, ResolvePath(absl::GetFlag(FLAGS_resume_from))));
  if (!prepared->run.checkpoint.has_value()) {
    Say(job, absl::StrCat(run.path,
                          " has no checkpoint yet: starting at iteration 0"));
    return absl::OkStatus();
  }
  const FoundCheckpoint& found = *prepared->run.checkpoint;
  std::vector<std::string> warnings = found.warnings;
  absl::Status status;
  if (has_classes) {
    status =
        CheckCheckpoint(found, model, absl::GetFlag(FLAGS_seed), &warnings);
  }
  for (const std::string& line : warnings) {
    Say(job, absl::StrCat("warning: ", line));
  }
  return status;
}

// `others_failed`: nothing is downloaded for a job that will not run.
absl::Status PrepareWeights(const ModelConfig& model, bool others_failed,
                            const Communicator& job, Prepared* prepared) {
  // What a checkpoint replaces need not be fetched.
  const bool resumes = prepared->run.checkpoint.has_value();
  const std::string init = resumes ? "scratch" : absl::GetFlag(FLAGS_init);
  if (others_failed && FindItem(BuiltinManifest(), init) != nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(TrainingInit start,
                   MakeTrainingInit(init, model, absl::GetFlag(FLAGS_seed),
                                    ModelFetcherFromFlags(ModelDirectory())));
  if (!resumes) Say(job, start.statement);
  prepared->weights = std::move(start.weights);
  return absl::OkStatus();
}

// A full disk is better met now than after hours.
absl::Status CheckSpace(const std::string& path, const ModelConfig& model) {
  constexpr int64_t kArrays = 4;  // weights, two moments, averages at most
  constexpr int64_t kWhenAllAreKept = 10;
  // One is written before the oldest goes; the best and the final model.
  constexpr int64_t kOthers = 3;
  const int64_t keep = absl::GetFlag(FLAGS_keep_checkpoints);
  int64_t values = 0;
  for (const TensorSpec& tensor : ExpectedTensors(model)) {
    values += tensor.shape.num_elements();
  }
  const int64_t files = (keep > 0 ? keep : kWhenAllAreKept) + kOthers;
  return CheckFreeSpace(
      path, kArrays * files * static_cast<int64_t>(sizeof(float)) * values);
}

// Reads and checks all that the job needs; what is wrong with it is told at
// once.
absl::Status Prepare(const Plan& plan, const OpenedRun& run,
                     TrainBackend* backend, Communicator* job,
                     Prepared* prepared) {
  ModelConfig model = plan.model;
  Faults faults;
  faults.Add(run.opened);
  RecordRunFlags(&prepared->run.record);
  faults.Add(PrepareData(plan, run, *job, &model, prepared));
  const bool has_classes = prepared->data.set != nullptr;
  if (run.recipe.has_value()) {
    faults.Add(PrepareCheckpoint(run, model, has_classes, *job, prepared));
  }
  if (!absl::GetFlag(FLAGS_val_ann_file).empty()) {
    absl::StatusOr<Validator> validator =
        OpenValidator(ResolvePath(absl::GetFlag(FLAGS_val_ann_file)),
                      ResolvePath(absl::GetFlag(FLAGS_val_image_dir)),
                      has_classes ? &model : nullptr, &backend->forward(), job);
    faults.Add(validator.status());
    if (validator.ok()) prepared->validate = *std::move(validator);
  }
  if (run.directory != nullptr) faults.Add(CheckSpace(run.path, model));
  faults.Add(PrepareWeights(model, !faults.empty(), *job, prepared));
  return faults.status("faults, all found before the first iteration");
}

// Sums over processes that see different data would have no meaning.
absl::Status CheckSameData(const RunRecord& mine, Communicator* job) {
  ASSIGN_OR_RETURN(const std::string text,
                   job->Broadcast(mine.SerializeAsString()));
  RunRecord first;
  first.ParseFromString(text);
  std::vector<std::string> lines = DataDifferences(
      first, mine, "on rank 0", absl::StrCat("on rank ", job->rank()));
  if (lines.empty() && first.objects() != mine.objects()) {
    lines.push_back("annotations of the same pictures");
  }
  if (lines.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the data set differs from rank 0's:\n  ", absl::StrJoin(lines, "\n  ")));
}

absl::Status RunJob(const std::vector<std::string>& command_line,
                    Communicator* job) {
  const bool resume = absl::GetFlag(FLAGS_resume);
  const std::string out = absl::GetFlag(FLAGS_out);
  OpenedRun run;
  if (resume) ASSIGN_OR_RETURN(run, OpenRun(out, resume, job));
  const absl::StatusOr<Plan> plan = MakePlan(run);
  RETURN_IF_ERROR(ToldOnce(plan.status(), job));
  if (resume && SayIfFinished(run, *plan, *job)) return absl::OkStatus();
  if (resume) SayChanges(run, *plan, *job);
  if (!resume) ASSIGN_OR_RETURN(run, OpenRun(out, resume, job));
  ASSIGN_OR_RETURN(const auto backend, TrainBackendFromFlags());

  Prepared prepared;
  absl::Status status = Prepare(*plan, run, backend.get(), job, &prepared);
  if (!status.ok() && run.directory != nullptr) run.directory->Abandon();
  RETURN_IF_ERROR(ToldOnce(status, job));
  status = CheckSameData(prepared.run.record, job);
  RETURN_IF_ERROR(ToldOnce(status, job));

  // Norms that do not learn their statistics need some, which a file brings.
  if (absl::GetFlag(FLAGS_init) == "scratch" &&
      !prepared.run.checkpoint.has_value() &&
      plan->config.normalization() != TrainConfig::BATCH) {
    RETURN_IF_ERROR(CalibrateOn(*prepared.data.set, &prepared.weights));
  }
  prepared.run.path = run.path;
  prepared.run.directory = run.directory.get();
  TrainerOptions options = OptionsFromFlags(plan->config, command_line);
  options.validate = std::move(prepared.validate);
  InstallStopSignals(job->rank() == 0);
  return Train(options, std::move(prepared.run), *prepared.data.set,
               prepared.weights, backend.get(), job);
}

absl::Status Run(const std::vector<std::string>& command_line,
                 const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("unexpected argument: ", arguments[0]));
  }
  RETURN_IF_ERROR(CheckResumeFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> job, MakeCommunicator());
  const absl::Status status = RunJob(command_line, job.get());
  if (!status.ok()) job->GiveUp();
  return status;
}

}  // namespace
}  // namespace fcis

int main(int argc, char** argv) {
  const std::vector<std::string> command_line(argv, argv + argc);
  return fcis::Main(argc, argv, fcis::MakeProgram(),
                    [&](const std::vector<std::string>& arguments) {
                      return fcis::Run(command_line, arguments);
                    });
}
