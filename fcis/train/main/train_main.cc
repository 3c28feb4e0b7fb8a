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
#include "fcis/data/coco/bad_annotation_flags.h"
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
ABSL_FLAG(bool, resume, false, "Go on from the newest checkpoint of --out.");
ABSL_FLAG(std::string, resume_from, "",
          "With --resume: go on from this checkpoint.");
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
       {"ann_file", "image_dir", "data_dir", "bad_annotations", "max_messages",
        "loader_threads", "prefetch"}},
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

absl::Status CheckFlags() {
  RETURN_IF_ERROR(CheckBackendFlags());
  const auto pair = [](const char* a, const std::string& va, const char* b,
                       const std::string& vb) {
    if (va.empty() == vb.empty()) return absl::OkStatus();
    return UsageError(absl::StrCat("--", a, " goes with --", b));
  };
  RETURN_IF_ERROR(pair("ann_file", absl::GetFlag(FLAGS_ann_file), "image_dir",
                       absl::GetFlag(FLAGS_image_dir)));
  RETURN_IF_ERROR(pair("val_ann_file", absl::GetFlag(FLAGS_val_ann_file),
                       "val_image_dir", absl::GetFlag(FLAGS_val_image_dir)));
  const auto at_least = [](const char* name, double value, double least) {
    if (value >= least) return absl::OkStatus();
    return UsageError(
        absl::StrCat("--", name, "=", value, ": expected at least ", least));
  };
  RETURN_IF_ERROR(at_least("max_iters", absl::GetFlag(FLAGS_max_iters), 0));
  RETURN_IF_ERROR(
      at_least("checkpoint_every", absl::GetFlag(FLAGS_checkpoint_every), 0));
  RETURN_IF_ERROR(
      at_least("keep_checkpoints", absl::GetFlag(FLAGS_keep_checkpoints), 0));
  RETURN_IF_ERROR(
      at_least("loader_threads", absl::GetFlag(FLAGS_loader_threads), 1));
  RETURN_IF_ERROR(at_least("prefetch", absl::GetFlag(FLAGS_prefetch), 1));
  RETURN_IF_ERROR(at_least("timeout", absl::GetFlag(FLAGS_timeout), 1));
  RETURN_IF_ERROR(at_least("val_every", absl::GetFlag(FLAGS_val_every), 1e-3));
  if (absl::GetFlag(FLAGS_resume) && absl::GetFlag(FLAGS_out).empty()) {
    return UsageError("--resume needs --out, the run to go on with");
  }
  if (!absl::GetFlag(FLAGS_resume) &&
      !absl::GetFlag(FLAGS_resume_from).empty()) {
    return UsageError("--resume_from goes with --resume");
  }
  return absl::OkStatus();
}

absl::StatusOr<TrainConfig> ConfigFromFlags() {
  absl::StatusOr<TrainConfig> config = Recipe(absl::GetFlag(FLAGS_config));
  if (!config.ok()) return UsageError(config.status().message());
  const std::string changes = absl::GetFlag(FLAGS_set);
  if (changes.empty()) return config;
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
  options.out = absl::GetFlag(FLAGS_out);
  options.resume = absl::GetFlag(FLAGS_resume);
  options.resume_from = ResolvePath(absl::GetFlag(FLAGS_resume_from));
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

absl::Status RunJob(const TrainConfig& config, TrainerOptions options,
                    Communicator* job) {
  absl::StatusOr<ModelConfig> model = ModelOf(config);
  if (!model.ok()) return UsageError(model.status().message());
  ASSIGN_OR_RETURN(const auto backend, TrainBackendFromFlags());
  TrainingDataChoice choice;
  choice.ann_file = absl::GetFlag(FLAGS_ann_file);
  choice.image_dir = absl::GetFlag(FLAGS_image_dir);
  choice.data_dir = absl::GetFlag(FLAGS_data_dir);
  ASSIGN_OR_RETURN(choice.bad_annotations, BadAnnotationPolicyFromFlags());
  ASSIGN_OR_RETURN(const TrainingData data,
                   OpenTrainingData(choice, config, model->input()));
  Say(*job, data.statement);
  SetClasses(data.set->class_names(), &*model);
  std::string init = absl::GetFlag(FLAGS_init);
  // What a checkpoint replaces need not be fetched.
  if (options.resume) init = "scratch";
  if (init.empty()) init = config.init();
  ASSIGN_OR_RETURN(TrainingInit start,
                   MakeTrainingInit(init, *model, options.seed,
                                    ModelFetcherFromFlags(ModelDirectory())));
  if (!options.resume) Say(*job, start.statement);
  // Norms that do not learn their statistics need some, which a file brings.
  if (init == "scratch" && !options.resume &&
      config.normalization() != TrainConfig::BATCH) {
    RETURN_IF_ERROR(CalibrateOn(*data.set, &start.weights));
  }
  if (!absl::GetFlag(FLAGS_val_ann_file).empty()) {
    options.validate =
        MakeValidator(ResolvePath(absl::GetFlag(FLAGS_val_ann_file)),
                      ResolvePath(absl::GetFlag(FLAGS_val_image_dir)),
                      &backend->forward(), job);
  }
  InstallStopSignals(job->rank() == 0);
  return Train(options, *data.set, start.weights, backend.get(), job);
}

absl::Status Run(const std::vector<std::string>& command_line,
                 const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("unexpected argument: ", arguments[0]));
  }
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const TrainConfig config, ConfigFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> job, MakeCommunicator());
  const absl::Status status =
      RunJob(config, OptionsFromFlags(config, command_line), job.get());
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
