// Named model configurations. The numbers stand in the *.textproto files
// beside this header, which are linked into the program.
#ifndef FCIS_CORE_CONFIG_PRESETS_H_
#define FCIS_CORE_CONFIG_PRESETS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"

namespace fcis {

// "resnet101_coco", "resnet50_coco", "resnet101_voc", ... in a fixed order.
std::vector<std::string> PresetNames();

// The model of that name; for an unknown one an error that lists the names.
absl::StatusOr<ModelConfig> Preset(absl::string_view name);

// A ModelConfig in text form, checked by CheckConfig. `source` names it in
// errors, which also give line and column. What the text does not give is as in
// every preset (common.textproto); classes it may leave out.
absl::StatusOr<ModelConfig> ParseConfig(absl::string_view text,
                                        absl::string_view source);

// Puts the rules and presets of chainercv (chainercv.textproto) into `config`.
// The least size of scored boxes stays what it was: 2 for COCO, 16 for VOC, as
// chainercv's "coco_evaluate" and "evaluate" have it.
absl::Status SetChainercvRules(ModelConfig* config);

// OK when every number is in the range that the network can be built with;
// else an error naming the first field that is not, what it is, and what was
// expected. The classes may be left out: a data set names them, when training.
// Weights do not fit a model without any (CheckWeights).
absl::Status CheckConfig(const ModelConfig& config);

}  // namespace fcis

#endif  // FCIS_CORE_CONFIG_PRESETS_H_
