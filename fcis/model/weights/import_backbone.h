// Importer of ResNets that were trained to classify ImageNet: where training
// begins, in the namings of backbone_names.h.
#ifndef FCIS_MODEL_WEIGHTS_IMPORT_BACKBONE_H_
#define FCIS_MODEL_WEIGHTS_IMPORT_BACKBONE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

struct Backbone {
  // "extractor/...": every tensor of the config's backbone, and no other.
  std::map<std::string, Tensor> tensors;
  // The file's names of what no backbone needs: classifier, counters.
  std::vector<std::string> ignored;
  // What a user should know; empty: nothing.
  std::string note;
};

// tensors: a file's, under its own names; `source` names it in errors. The stem
// is rewritten so that the network sees what it was trained on when it is given
// our input, RGB minus config.input.mean:
//   chainer      BGR kernels are turned round (the reference leaves them)
//   torchvision  its scale, mean and epsilons are folded (torchvision_rules.h)
// The stem's bias, where there is one, goes into the batch norm too. Other
// files' batch-norm epsilons are the config's. torchvision and chainercv's
// "trained" files stride in the 3x3 convolution of a block, this network in its
// first 1x1: shapes are the same, features are not, and training has to make up
// for it (`note`).
//
// Errors: a ResNet of another kind (CheckBackboneKind); by the file's names (at
// most ten of each kind), tensors that are missing, unknown, not f32, or of a
// shape that is not the config's.
absl::StatusOr<Backbone> ImportBackbone(
    const std::map<std::string, Tensor>& tensors, const ModelConfig& config,
    const std::string& source);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_IMPORT_BACKBONE_H_
