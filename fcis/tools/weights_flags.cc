#include "fcis/tools/weights_flags.h"

#include <cstdio>
#include <utility>

#include "absl/flags/flag.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/config/presets.h"
#include "fcis/eval/predict/model_source.h"
#include "fcis/model/weights/deterministic_weights.h"

namespace fcis::tools {

std::vector<std::string> WeightsFlagNames() {
  std::vector<std::string> names = eval::ModelSourceFlagNames();
  names.insert(names.end(), {"preset", "deterministic_seed"});
  return names;
}

absl::Status CheckWeightsFlags() {
  const std::string preset = absl::GetFlag(FLAGS_preset);
  if (preset.empty()) return absl::OkStatus();
  if (FlagWasGiven("modelpath")) {
    return UsageError("expected --modelpath or --preset, not both");
  }
  const absl::Status known = Preset(preset).status();
  return known.ok() ? known : UsageError(known.message());
}

absl::StatusOr<model::Weights> WeightsFromFlags() {
  RETURN_IF_ERROR(CheckWeightsFlags());
  const std::string preset = absl::GetFlag(FLAGS_preset);
  if (preset.empty()) {
    ASSIGN_OR_RETURN(model::ModelChoice choice, eval::ModelFromFlags());
    PrintLine(stderr, choice.statement);
    return std::move(choice.weights);
  }
  ASSIGN_OR_RETURN(const ModelConfig config, Preset(preset));
  return model::DeterministicWeights(config,
                                     absl::GetFlag(FLAGS_deterministic_seed));
}

}  // namespace fcis::tools
