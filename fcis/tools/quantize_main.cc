// Makes a model in 8 bits of one in floats.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/progress/progress.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/quantize.h"
#include "fcis/model/weights/load.h"
#include "fcis/tools/picture_list.h"
#include "fcis/tools/quantize.h"
#include "fcis/tools/weights_flags.h"

ABSL_FLAG(
    int, limit, 64,
    "So many of the pictures, spread evenly over them, tell the ranges of "
    "maps; 0: all.");
ABSL_FLAG(int, loss_pictures, 8,
          "So many of those also tell what each layer in 8 bits costs; 0: all "
          "layers are in 8 bits, whatever they cost.");
ABSL_FLAG(double, max_loss, 0.05,
          "The error of the network's outputs, by their size, that the layers "
          "in 8 bits may add up to, each measured alone; those that cost the "
          "most for their work stay in floats.");

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "quantize";
  program.arguments = "[flags] [picture, directory or pattern]...";
  program.summary =
      "Makes a model in 8 bits of one in floats: it takes half of bf16's "
      "bytes, "
      "and --precision auto then computes in int8 where the CPU has "
      "AVX512_VNNI "
      "or AMX. Prints a line for each layer.";
  program.groups = {
      {"Model", WeightsFlagNames()},
      {"What to do", {"imgdir", "out", "limit", "loss_pictures", "max_loss"}},
      {"Computing", model::BackendFlagNames()}};
  program.texts = {
      {"imgdir",
       "A directory of pictures as those that the model will see; without "
       "masks or names of what is on them."},
      {"out", "Where the model in 8 bits goes, a .safetensors."}};
  program.short_flags = {{'m', "modelpath"}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "quantize -m fcis_coco.npz --imgdir val2017 --out fcis_int8.safetensors",
      "demo -m fcis_int8.safetensors pictures/*.jpg"};
  return program;
}

absl::Status CheckFlags() {
  const std::string out = absl::GetFlag(FLAGS_out);
  if (!absl::EndsWith(out, ".safetensors")) {
    return UsageError(absl::StrCat("--out=", out,
                                   ": expected a name that ends in "
                                   ".safetensors"));
  }
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_limit, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_loss_pictures, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_max_loss, 0));
  RETURN_IF_ERROR(CheckOutputFile(FLAGS_out));
  return CheckWeightsFlags();
}

absl::StatusOr<std::vector<Tensor>> Pictures(
    const std::vector<std::string>& arguments, const InputConfig& input) {
  const PictureList list = ListPictures(absl::GetFlag(FLAGS_imgdir), arguments);
  RETURN_IF_ERROR(CheckNotEmpty(list));
  std::vector<std::string> paths;
  for (const Picture& picture : list.pictures) paths.push_back(picture.path);
  std::vector<absl::Status> errors = list.errors;
  ASSIGN_OR_RETURN(
      std::vector<Tensor> pictures,
      PreparedPictures(SpreadOver(paths, absl::GetFlag(FLAGS_limit)), input,
                       &errors));
  for (const absl::Status& error : errors) {
    PrintLine(stderr, error.message());
  }
  return pictures;
}

// One bar for each of the phases.
class Bars {
 public:
  void Update(absl::string_view what, int done, int total) {
    if (!bar_ || what != what_) {
      what_ = std::string(what);
      bar_.emplace(Progress::OnStderr(what, total));
    }
    bar_->Update(done);
  }

 private:
  std::string what_;
  std::optional<Progress> bar_;
};

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  ASSIGN_OR_RETURN(const model::Weights weights, WeightsFromFlags());
  RETURN_IF_ERROR(CheckKeepsInput(weights.source, absl::GetFlag(FLAGS_out)));
  ASSIGN_OR_RETURN(const std::vector<Tensor> pictures,
                   Pictures(arguments, weights.config.input()));
  Bars bars;
  model::QuantizeOptions options;
  options.pictures = static_cast<int>(pictures.size());
  options.loss_pictures =
      std::min(options.pictures, absl::GetFlag(FLAGS_loss_pictures));
  options.max_loss = absl::GetFlag(FLAGS_max_loss);
  options.progress = [&bars](absl::string_view what, int done, int total) {
    bars.Update(what, done, total);
  };
  ASSIGN_OR_RETURN(const model::QuantizedModel model,
                   model::Quantize(
                       weights, options,
                       [&](int i) { return pictures[static_cast<size_t>(i)]; },
                       backend.get()));
  absl::PrintF("%s", QuantizeTable(model));
  const std::string out = absl::GetFlag(FLAGS_out);
  RETURN_IF_ERROR(model::SaveWeights(ResolvePath(out), model.weights));
  PrintLine(stdout, absl::StrCat(out, ": from ", weights.source, " by ",
                                 pictures.size(), " pictures"));
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
