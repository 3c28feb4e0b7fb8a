#include "fcis/model/weights/export_backbone.h"

#include <map>

#include "absl/strings/match.h"
#include "fcis/model/weights/backbone_names.h"
#include "fcis/model/weights/safetensors.h"
#include "fcis/model/weights/torchvision_rules.h"

namespace fcis::model {

absl::Status ExportTorchvisionBackbone(const std::string& path,
                                       const Weights& weights) {
  std::map<std::string, Tensor> ours;
  for (const auto& [name, tensor] : weights.tensors) {
    if (absl::StartsWith(name, kBackbonePrefix)) ours[name] = tensor;
  }
  ToTorchvisionRules(weights.config, &ours);
  Safetensors file;
  for (const auto& [name, tensor] : ours) {
    file.tensors[NameInBackbone(BackboneNaming::kTorchvision, name)] = tensor;
  }
  file.metadata["format"] = "pt";
  return WriteSafetensors(path, file);
}

}  // namespace fcis::model
