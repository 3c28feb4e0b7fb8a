#include "fcis/model/weights/backbone_names.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fcis::model {
namespace {

// "extractor/res3/res3_b1/conv2/W" taken apart. The stem's stage is 1.
struct LayerName {
  int stage = 1;
  int block = 0;
  bool norm = false;
  int number = 1;    // conv1, bn1, ...; 4: the projection
  std::string leaf;  // "W", "gamma", ...
};

LayerName Parse(const std::string& ours) {
  const std::vector<std::string> p = absl::StrSplit(ours, '/');
  LayerName name;
  name.stage = p[1].back() - '0';
  if (p.size() == 5) {
    // "res3_a", "res3_b12"
    const std::string block = p[2].substr(p[1].size() + 1);
    name.block = block == "a" ? 0 : std::stoi(block.substr(1));
  }
  const std::string& layer = p[p.size() - 2];
  name.norm = absl::StartsWith(layer, "bn");
  name.number = layer.back() - '0';
  name.leaf = p.back();
  return name;
}

std::string ChainerName(const LayerName& n) {
  const std::string layer =
      absl::StrCat(n.norm ? "bn" : "conv", n.number, "/", n.leaf);
  if (n.stage == 1) return layer;
  const std::string block = n.block == 0 ? "a" : absl::StrCat("b", n.block);
  return absl::StrCat("res", n.stage, "/", block, "/", layer);
}

std::string ChainercvName(const LayerName& n) {
  const std::string conv =
      n.number == 4 ? "residual_conv" : absl::StrCat("conv", n.number);
  const std::string layer =
      absl::StrCat(conv, n.norm ? "/bn/" : "/conv/", n.leaf);
  if (n.stage == 1) return layer;
  const std::string block = n.block == 0 ? "a" : absl::StrCat("b", n.block);
  return absl::StrCat("res", n.stage, "/", block, "/", layer);
}

std::string TorchvisionName(const LayerName& n) {
  static const auto& leaves =
      *new std::map<std::string, std::string>{{"W", "weight"},
                                              {"gamma", "weight"},
                                              {"beta", "bias"},
                                              {"avg_mean", "running_mean"},
                                              {"avg_var", "running_var"}};
  const std::string layer =
      n.number == 4 ? absl::StrCat("downsample.", n.norm ? 1 : 0)
                    : absl::StrCat(n.norm ? "bn" : "conv", n.number);
  const std::string full = absl::StrCat(layer, ".", leaves.at(n.leaf));
  if (n.stage == 1) return full;
  return absl::StrCat("layer", n.stage - 1, ".", n.block, ".", full);
}

struct Naming {
  absl::string_view name;
  std::string (*name_of)(const LayerName&);  // null: our own
};
const Naming& Of(BackboneNaming naming) {
  // In the order of BackboneNaming.
  static constexpr Naming kNamings[] = {{"this project", nullptr},
                                        {"chainer", ChainerName},
                                        {"chainercv", ChainercvName},
                                        {"torchvision", TorchvisionName}};
  return kNamings[static_cast<int>(naming)];
}

}  // namespace

std::string NameInBackbone(BackboneNaming naming, const std::string& ours) {
  const auto name_of = Of(naming).name_of;
  return name_of == nullptr ? ours : name_of(Parse(ours));
}

BackboneNaming BackboneNamingOf(const std::map<std::string, Tensor>& tensors) {
  for (const BackboneNaming naming :
       {BackboneNaming::kChainer, BackboneNaming::kChainercv,
        BackboneNaming::kTorchvision}) {
    const auto has = [&](const char* ours) {
      return tensors.count(NameInBackbone(naming, ours)) != 0;
    };
    // The second one tells from any other network with a first convolution.
    if (has("extractor/res1/conv1/W") && has("extractor/res2/res2_a/conv2/W")) {
      return naming;
    }
  }
  return BackboneNaming::kNone;
}

absl::string_view BackboneNamingName(BackboneNaming naming) {
  return Of(naming).name;
}

}  // namespace fcis::model
