// Converts weight files, and lists what is in one.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/io/file.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/export_backbone.h"
#include "fcis/model/weights/load.h"
#include "fcis/tools/convert.h"

ABSL_FLAG(bool, bf16, false,
          "Round the convolutions' kernels of OUT, a .safetensors, to bf16: "
          "half the size.");
ABSL_FLAG(
    bool, torchvision, false,
    "Write the backbone alone, to OUT, a .safetensors, under the names of "
    "torchvision's ResNets and for their input.");
ABSL_FLAG(std::vector<std::string>, average, {},
          "Write the mean of IN and these models: FILE,FILE, of the same "
          "training or of others that went on from it. It is scored as any "
          "other model.");
ABSL_FLAG(double, lower_scores, 0,
          "Make all scores so many logits lower: by the number that eval's "
          "page names under \"Calibration of the scores\", they say how often "
          "a find is right.");

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "convert";
  program.arguments = "[flags] IN [OUT]";
  program.summary =
      "Reads a model (safetensors, chainer-fcis or chainercv .npz, MXNet "
      ".params of msracver/FCIS) and writes OUT: .safetensors carries the "
      "model's configuration, with the rules that its origin demands; .npz is "
      "for chainer; .onnx is the network, up to its score maps, for other "
      "programs to run. Of a checkpoint of the trainer it takes the averaged "
      "weights, where these are kept. Flags of the last group change the "
      "configuration that is "
      "written.";
  program.groups = {{"What to do",
                     {"list", "bf16", "torchvision", "average", "lower_scores",
                      "deterministic_seed"}},
                    {"Configuration", {"preset", "config"}},
                    {"Values of the configuration", model::ModelFlagNames()}};
  program.texts = {
      {"list",
       "List the tensors of IN, under its own names; nothing is written unless "
       "OUT is given too."},
      {"preset",
       "The model's configuration by name, instead of the one that IN carries "
       "or that its shapes tell."},
      {"config", "The same from a file: a fcis.ModelConfig in text form."},
      {"deterministic_seed",
       "No IN: write the deterministic, untrained weights of this seed for "
       "--preset or --config. Negative: off."}};
  program.defaults = {{"deterministic_seed", "-1"}};
  program.examples = {"convert --list fcis_coco.npz",
                      "convert fcis_coco.npz fcis.safetensors",
                      "convert fcis.safetensors fcis.onnx",
                      "convert --psroi_rounding none in.npz out.safetensors",
                      "convert --bf16 run/best.safetensors small.safetensors",
                      "convert --torchvision fcis.safetensors "
                      "backbone.safetensors",
                      "convert --preset resnet101_coco --deterministic_seed 1 "
                      "untrained.safetensors"};
  return program;
}

absl::StatusOr<absl::optional<ModelConfig>> ConfigFromFlags() {
  const std::string preset = absl::GetFlag(FLAGS_preset);
  const std::string file = absl::GetFlag(FLAGS_config);
  if (!preset.empty() && !file.empty()) {
    return UsageError("expected --preset or --config, not both");
  }
  if (!preset.empty()) {
    absl::StatusOr<ModelConfig> config = Preset(preset);
    if (!config.ok()) return UsageError(config.status().message());
    return absl::make_optional(*config);
  }
  if (file.empty()) return absl::optional<ModelConfig>();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(ResolvePath(file)));
  ASSIGN_OR_RETURN(const ModelConfig config, ParseConfig(text, file));
  return absl::make_optional(config);
}

absl::Status Write(const std::string& out, model::Weights weights) {
  RETURN_IF_ERROR(model::ApplyModelFlags(&weights.config));
  RETURN_IF_ERROR(model::CheckWeights(weights));
  const double lower = absl::GetFlag(FLAGS_lower_scores);
  if (lower != 0) LowerScores(lower, &weights.config);
  if (absl::GetFlag(FLAGS_torchvision)) {
    RETURN_IF_ERROR(
        model::ExportTorchvisionBackbone(ResolvePath(out), weights));
    PrintLine(stdout, absl::StrCat(out, ": the backbone of ", weights.source));
    return absl::OkStatus();
  }
  if (absl::GetFlag(FLAGS_bf16))
    weights = model::WithBf16Kernels(std::move(weights));
  RETURN_IF_ERROR(WriteWeights(ResolvePath(out), weights));
  PrintLine(stdout, absl::StrCat(out, ": ", weights.tensors.size(),
                                 " tensors from ", weights.source));
  if (!weights.remark.empty()) PrintLine(stdout, weights.remark);
  return absl::OkStatus();
}

// Of the flags that are set, one that only writes our own format; "": none.
absl::StatusOr<std::string> OwnFormatFlag() {
  const bool bf16 = absl::GetFlag(FLAGS_bf16);
  const bool torchvision = absl::GetFlag(FLAGS_torchvision);
  if (bf16 && torchvision) {
    return UsageError("expected --bf16 or --torchvision, not both");
  }
  return std::string(bf16 ? "--bf16" : torchvision ? "--torchvision" : "");
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(CheckRange(FLAGS_lower_scores, -20, 20));
  const int64_t seed = absl::GetFlag(FLAGS_deterministic_seed);
  const bool list = absl::GetFlag(FLAGS_list);
  const size_t inputs = seed < 0 ? 1 : 0;
  if (arguments.size() > inputs + 1 || arguments.size() < inputs ||
      (arguments.size() == inputs && (!list || seed >= 0))) {
    return UsageError(seed < 0 ? "expected IN and OUT, or --list IN"
                               : "expected OUT alone");
  }
  if (arguments.size() > inputs) {
    ASSIGN_OR_RETURN(const std::string flag, OwnFormatFlag());
    RETURN_IF_ERROR(CheckOutputName(arguments.back(), flag));
  }
  ASSIGN_OR_RETURN(const absl::optional<ModelConfig> config, ConfigFromFlags());
  if (seed >= 0) {
    if (!config.has_value()) return UsageError("expected --preset or --config");
    return Write(arguments[0], model::DeterministicWeights(*config, seed));
  }
  const std::string in = ResolvePath(arguments[0]);
  std::vector<std::string> others;
  for (const std::string& file : absl::GetFlag(FLAGS_average)) {
    others.push_back(ResolvePath(file));
  }
  if (arguments.size() > inputs) {
    RETURN_IF_ERROR(CheckKeepsInput(arguments[0], arguments[1]));
    for (const std::string& file : others) {
      RETURN_IF_ERROR(CheckKeepsInput(file, arguments[1]));
    }
  }
  if (list) {
    ASSIGN_OR_RETURN(const auto tensors, model::ReadTensors(in));
    absl::PrintF("%s", TensorTable(tensors));
    if (arguments.size() == 1) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(model::Weights weights, model::LoadWeights(in, config));
  if (!others.empty()) {
    ASSIGN_OR_RETURN(weights, AverageOf(weights, others));
  }
  return Write(arguments[1], std::move(weights));
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
