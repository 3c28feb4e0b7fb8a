// Flags that change a model's numbers: --score_thresh, --nms_thresh,
// --mask_merge_thresh, --binary_thresh, --min_drop_size, --iter2,
// --mask_voting, --min_size, --max_size, --psroi_rounding.
#ifndef FCIS_MODEL_CLI_MODEL_FLAGS_H_
#define FCIS_MODEL_CLI_MODEL_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/config/fcis.pb.h"

namespace fcis::model {

// Names of the flags, for a help page.
std::vector<std::string> ModelFlagNames();

// OK when every flag given is in its range; else a UsageError that names it.
absl::Status CheckModelFlags();

// Puts the flags that were given into `config`; the others keep the model's
// values. What is scored keeps a score of its own (ModelConfig.scoring), which
// --score_thresh does not change: a program that scores puts PostprocessFor's
// answer into `config` first. Flags must have passed CheckModelFlags; a
// UsageError when they contradict the model's other values.
absl::Status ApplyModelFlags(ModelConfig* config);

}  // namespace fcis::model

#endif  // FCIS_MODEL_CLI_MODEL_FLAGS_H_
