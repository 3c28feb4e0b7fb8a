// The flags --modelpath and --download: which model a program runs.
#ifndef FCIS_EVAL_PREDICT_MODEL_SOURCE_H_
#define FCIS_EVAL_PREDICT_MODEL_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/model/cli/model_choice.h"

namespace fcis::eval {

// Names of the flags, for a help page.
std::vector<std::string> ModelSourceFlagNames();

// Fetches a published model into ModelDirectory() (data::FetchModel); null
// under --nodownload.
model::ModelFetcher ModelFetcherFromFlags();

// The model that ChooseModel finds for --modelpath, or for `otherwise` where
// that is not given. Errors as there.
absl::StatusOr<model::ModelChoice> ModelFromFlags(
    absl::string_view otherwise = "");

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_MODEL_SOURCE_H_
