// The backbone of a model as torchvision's ResNets name and read it; the
// inverse of import_backbone.h.
#ifndef FCIS_MODEL_WEIGHTS_EXPORT_BACKBONE_H_
#define FCIS_MODEL_WEIGHTS_EXPORT_BACKBONE_H_

#include <string>

#include "absl/status/status.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// Writes a safetensors file of the backbone's tensors, f32, for a
// torchvision.models.ResNet of such blocks with fc = torch.nn.Identity() and
// load_state_dict(strict=True): of theirs, resnet50, 101 and 152. Its input is
// torchvision's (torchvision_rules.h). It computes what this network does once
// its layers are told to stride, dilate and pool as fcis/model/topology.h has
// it, which no weights can say. `weights` passed CheckWeights. Errors name the
// path: not writable.
absl::Status ExportTorchvisionBackbone(const std::string& path,
                                       const Weights& weights);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_EXPORT_BACKBONE_H_
