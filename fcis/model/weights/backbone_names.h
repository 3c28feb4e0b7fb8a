// What other projects call the tensors of a ResNet:
//   chainer      ResNet*Layers, K. He's Caffe models: "res2/a/conv1/W"
//   chainercv    links.ResNet*: "res2/a/conv1/conv/W"
//   torchvision  models.resnet* (timm's too): "layer1.0.conv1.weight"
#ifndef FCIS_MODEL_WEIGHTS_BACKBONE_NAMES_H_
#define FCIS_MODEL_WEIGHTS_BACKBONE_NAMES_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

// What our names of a backbone's tensors begin with.
inline constexpr char kBackbonePrefix[] = "extractor/";

// kNone: this project's own names.
enum class BackboneNaming { kNone, kChainer, kChainercv, kTorchvision };

// The naming that has stem and first block, of bottlenecks or of basic blocks;
// kNone: no other project's ResNet.
BackboneNaming BackboneNamingOf(const std::map<std::string, Tensor>& tensors);

// "chainer", "chainercv", "torchvision"; "this project" for kNone.
absl::string_view BackboneNamingName(BackboneNaming naming);

// Their name of a backbone's tensor: "extractor/res3/res3_b1/conv2/W" ->
// "layer2.1.conv2.weight".
std::string NameInBackbone(BackboneNaming naming, const std::string& ours);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_BACKBONE_NAMES_H_
