// A model's configuration read off the shapes of its tensors, for files that
// carry none.
#ifndef FCIS_MODEL_WEIGHTS_INFER_CONFIG_H_
#define FCIS_MODEL_WEIGHTS_INFER_CONFIG_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

// tensors: the reference's names. Depth, widths, group size and numbers of
// classes and anchors are read off; the rest is that of the preset for as many
// anchors and classes: 12 anchors (scales 4 to 32) as for COCO, 9 (8 to 32) as
// for VOC; 80 and 20 classes get their names, others "class 1", "class 2", ...
// Errors, naming `source`: a tensor that this needs is missing or has another
// rank, or no preset has as many anchors.
absl::StatusOr<ModelConfig> InferConfig(
    const std::map<std::string, Tensor>& tensors, const std::string& source);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_INFER_CONFIG_H_
