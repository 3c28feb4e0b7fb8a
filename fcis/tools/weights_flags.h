// Flags that choose a model's weights: a model file (model_source.h), or
// --preset and --deterministic_seed.
#ifndef FCIS_TOOLS_WEIGHTS_FLAGS_H_
#define FCIS_TOOLS_WEIGHTS_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/model/weights/weights.h"

namespace fcis::tools {

// Names of the flags, for a help page.
std::vector<std::string> WeightsFlagNames();

// A UsageError: both a model and a preset, or an unknown preset.
absl::Status CheckWeightsFlags();

// The preset's deterministic weights, or the model's, which stderr then names.
// Errors: as above; those of ChooseModel.
absl::StatusOr<model::Weights> WeightsFromFlags();

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_WEIGHTS_FLAGS_H_
