// Which model a program runs when the user did or did not name one.
#ifndef FCIS_MODEL_CLI_MODEL_CHOICE_H_
#define FCIS_MODEL_CLI_MODEL_CHOICE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

struct ModelChoice {
  Weights weights;
  // For the terminal: what was chosen, and why; of the embedded model also
  // which classes it knows.
  std::string statement;
};

// ~/data/models, where downloads and the original put their files.
std::string ModelDirectory();

// The best model file there, "" when there is none: the published COCO models,
// then the VOC ones, then any other fcis*.{safetensors,npz,params}.
std::string FindModel(const std::string& directory);

// Brings a model by its published name into ModelDirectory() and returns its
// file; NOT_FOUND for an unknown name. (Downloads belong to another floor.)
using ModelFetcher =
    std::function<absl::StatusOr<std::string>(absl::string_view name)>;

// Brings the first of the default models that `opens` accepts.
using DefaultModelFetcher = std::function<absl::StatusOr<std::string>(
    const std::function<absl::Status(const std::string& path)>& opens)>;

// The file `modelpath`, or, where there is none, the published model of that
// name from `fetch`; for "" the one that FindModel finds, else one from
// `fetch_default`; else the embedded model, and the statement says so and why.
// Null: nothing is fetched. Errors: the chosen file cannot be read, is not a
// model, or the named one cannot be fetched. A bad file that was there is never
// replaced by another.
absl::StatusOr<ModelChoice> ChooseModel(
    absl::string_view modelpath, const ModelFetcher& fetch,
    const DefaultModelFetcher& fetch_default);

}  // namespace fcis::model

#endif  // FCIS_MODEL_CLI_MODEL_CHOICE_H_
