#include "fcis/model/weights/import_npz.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/npz.h"
#include "fcis/model/weights/infer_config.h"

namespace fcis::model {
namespace {

// "conv2" + "bn" -> "bn2"; "residual_conv" + "conv" -> "conv4".
std::string Renumbered(absl::string_view layer, absl::string_view kind) {
  const std::string number =
      layer == "residual_conv" ? "4" : std::string(layer.substr(4));
  return absl::StrCat(kind, number);
}

bool IsChainercv(const NpzFile& file) {
  return file.Has("head/cls_seg/W") || file.Has("extractor/conv1/conv/W");
}

void SetChainerFcisRules(ModelConfig* config) {
  const HeadConfig head;
  const BackboneConfig backbone;
  config->mutable_head()->set_psroi_rounding(head.psroi_rounding());
  config->mutable_backbone()->set_bn_eps_stem(backbone.bn_eps_stem());
  config->mutable_backbone()->set_bn_eps(backbone.bn_eps());
  config->mutable_backbone()->set_bn_eps_projection(
      backbone.bn_eps_projection());
  config->mutable_rpn()->clear_min_size_ratio();
  config->mutable_postprocess()->set_voting_rule(
      PostprocessConfig::CHAINER_FCIS);
}

}  // namespace

std::string NameFromChainercv(const std::string& name) {
  const std::vector<std::string> p = absl::StrSplit(name, '/');
  const std::string& last = p.back();
  // extractor/conv1/{conv,bn}/LEAF
  if (p.size() == 4 && p[0] == "extractor" && p[1] == "conv1") {
    return absl::StrCat("extractor/res1/", p[2], "1/", last);
  }
  // extractor/res2/b1/conv2/{conv,bn}/LEAF
  if (p.size() == 6 && p[0] == "extractor" &&
      (absl::StartsWith(p[3], "conv") || p[3] == "residual_conv")) {
    return absl::StrCat("extractor/", p[1], "/", p[1], "_", p[2], "/",
                        Renumbered(p[3], p[4]), "/", last);
  }
  if (p.size() == 3 && p[0] == "head") {
    if (p[1] == "conv1") return absl::StrCat("head/psroi_conv1/", last);
    if (p[1] == "cls_seg") return absl::StrCat("head/psroi_conv2/", last);
    if (p[1] == "ag_loc") return absl::StrCat("head/psroi_conv3/", last);
  }
  return name;
}

absl::StatusOr<Weights> ImportNpz(const std::string& path,
                                  const absl::optional<ModelConfig>& config) {
  ASSIGN_OR_RETURN(const std::unique_ptr<NpzFile> file, NpzFile::Open(path));
  const bool chainercv = IsChainercv(*file);
  Weights weights;
  weights.source = path;
  for (const std::string& name : file->names()) {
    if (absl::EndsWith(name, "/N")) continue;
    ASSIGN_OR_RETURN(Tensor tensor, file->Read(name));
    const std::string ours = chainercv ? NameFromChainercv(name) : name;
    if (!weights.tensors.emplace(ours, std::move(tensor)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": two arrays stand for ", ours));
    }
  }
  if (config.has_value()) {
    weights.config = *config;
  } else {
    ASSIGN_OR_RETURN(weights.config, InferConfig(weights.tensors, path));
  }
  if (chainercv) {
    RETURN_IF_ERROR(SetChainercvRules(&weights.config));
  } else {
    SetChainerFcisRules(&weights.config);
  }
  RETURN_IF_ERROR(CheckWeights(weights));
  return weights;
}

absl::Status ExportNpz(const std::string& path, const Weights& weights) {
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const auto& [name, tensor] : weights.tensors) {
    arrays.emplace_back(name, tensor);
    constexpr absl::string_view kGamma = "/gamma";
    if (!absl::EndsWith(name, kGamma)) continue;
    arrays.emplace_back(name.substr(0, name.size() - kGamma.size()) + "/N",
                        Tensor::Zeros({}, DType::kI32));
  }
  return WriteNpz(path, arrays);
}

}  // namespace fcis::model
