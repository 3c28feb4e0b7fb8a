// Which ResNet a file holds: its depth and width, by names and shapes.
#ifndef FCIS_MODEL_WEIGHTS_BACKBONE_KIND_H_
#define FCIS_MODEL_WEIGHTS_BACKBONE_KIND_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/backbone_names.h"

namespace fcis::model {

struct BackboneKind {
  std::vector<int> blocks;  // of res2 to res5
  bool basic = false;       // of two convolutions (ResNet-18, 34), not three
  int64_t width = 0;        // channels of the stem
  int64_t block_width = 0;  // of the first block inside; more: a wide ResNet
  bool grouped = false;     // its 3x3 convolutions, as a ResNeXt's

  bool operator==(const BackboneKind& other) const;
};

// tensors: stem and first block must be there under the naming
// (BackboneNamingOf); what cannot be read off is 0.
BackboneKind BackboneKindOf(const std::map<std::string, Tensor>& tensors,
                            BackboneNaming naming);
BackboneKind BackboneKindOf(const BackboneConfig& config);

// "ResNet-18 (basic blocks)", "ResNet-101", "ResNet of 1, 2, 1, 2 bottlenecks,
// 4 channels wide".
std::string BackboneKindName(const BackboneKind& kind);

// OK if the file's kind is the config's. Else an error in one line that names
// `source`, both kinds, and by the file's name the first kernel, in the order
// in which they run, that is missing, else the first of another shape.
absl::Status CheckBackboneKind(const std::map<std::string, Tensor>& tensors,
                               BackboneNaming naming, const ModelConfig& config,
                               const std::string& source);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_BACKBONE_KIND_H_
