#include "fcis/eval/predict/model_source.h"

#include "absl/flags/flag.h"
#include "fcis/data/download/download_flag.h"

ABSL_FLAG(
    std::string, modelpath, "",
    "Model file: .safetensors, .npz of chainer-fcis or chainercv, or .params "
    "of MXNet. Or the name of a published one (download models --list). "
    "Default: one in ~/data/models, else the published one, else the small "
    "embedded one for photographs, whose few classes are then said.");

namespace fcis::eval {

std::vector<std::string> ModelSourceFlagNames() {
  return {"modelpath", "download"};
}

absl::StatusOr<model::ModelChoice> ModelFromFlags(absl::string_view otherwise) {
  const std::string named = absl::GetFlag(FLAGS_modelpath);
  return model::ChooseModel(
      named.empty() ? otherwise : named,
      data::ModelFetcherFromFlags(model::ModelDirectory()),
      data::DefaultModelFetcherFromFlags(model::ModelDirectory()));
}

}  // namespace fcis::eval
