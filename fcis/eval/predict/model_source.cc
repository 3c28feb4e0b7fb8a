#include "fcis/eval/predict/model_source.h"

#include "absl/flags/flag.h"
#include "fcis/data/download/fetch_model.h"
#include "fcis/data/download/manifest.h"

ABSL_FLAG(
    std::string, modelpath, "",
    "Model file: .safetensors, .npz of chainer-fcis or chainercv, or .params "
    "of MXNet. Or the name of a published one (download models --list). "
    "Default: one in ~/data/models, else the published one, else the small "
    "embedded one for photographs, whose few classes are then said.");
ABSL_FLAG(bool, download, true,
          "Fetch a published model that is not there: the one whose name is "
          "given instead of a file, or, where none is, the first of the COCO "
          "models that can be had.");

namespace fcis::eval {
namespace {

// data::FetchDefaultModel of the project's manifest.
model::DefaultModelFetcher DefaultModelFetcherFromFlags() {
  if (!absl::GetFlag(FLAGS_download)) return nullptr;
  return [](const std::function<absl::Status(const std::string&)>& opens) {
    return data::FetchDefaultModel(data::BuiltinManifest(),
                                   model::ModelDirectory(),
                                   data::DefaultModelOptions(), opens);
  };
}

}  // namespace

std::vector<std::string> ModelSourceFlagNames() {
  return {"modelpath", "download"};
}

model::ModelFetcher ModelFetcherFromFlags() {
  if (!absl::GetFlag(FLAGS_download)) return nullptr;
  return [](absl::string_view name) {
    return data::FetchModel(name, model::ModelDirectory());
  };
}

absl::StatusOr<model::ModelChoice> ModelFromFlags(absl::string_view otherwise) {
  const std::string named = absl::GetFlag(FLAGS_modelpath);
  return model::ChooseModel(named.empty() ? otherwise : named,
                            ModelFetcherFromFlags(),
                            DefaultModelFetcherFromFlags());
}

}  // namespace fcis::eval
