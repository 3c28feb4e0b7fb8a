// Which model a program runs when the user did or did not name one.
#ifndef FCIS_MODEL_CLI_MODEL_CHOICE_H_
#define FCIS_MODEL_CLI_MODEL_CHOICE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

struct ModelChoice {
  Weights weights;
  bool trained = false;
  // For the terminal: what was chosen, and why.
  std::string statement;
};

// ~/data/models, where downloads and the original put their files.
std::string ModelDirectory();

// The best model file there, "" when there is none: the published COCO models,
// then the VOC ones, then any other fcis*.{safetensors,npz,params}.
std::string FindModel(const std::string& directory);

// The file `modelpath`; for "" the one that FindModel finds; else untrained
// weights of resnet101_coco, and the statement says so. Errors: the chosen file
// cannot be read or is not a model. A bad file is never replaced by another.
absl::StatusOr<ModelChoice> ChooseModel(absl::string_view modelpath);

}  // namespace fcis

#endif  // FCIS_MODEL_CLI_MODEL_CHOICE_H_
