#include "fcis/model/weights/import_backbone.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/weights/weights.h"

namespace fcis {
namespace {

constexpr absl::string_view kPrefix = "extractor/";
constexpr char kStemKernel[] = "extractor/res1/conv1/W";
constexpr char kStemMean[] = "extractor/res1/bn1/avg_mean";
// torchvision.transforms.Normalize of its ImageNet models, RGB; pixels are
// divided by 255 before.
constexpr double kTorchvisionMean[3] = {0.485, 0.456, 0.406};
constexpr double kTorchvisionStd[3] = {0.229, 0.224, 0.225};
constexpr size_t kMostNamed = 10;

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

std::string TheirName(BackboneNaming naming, const std::string& ours) {
  const LayerName name = Parse(ours);
  switch (naming) {
    case BackboneNaming::kChainer:
      return ChainerName(name);
    case BackboneNaming::kChainercv:
      return ChainercvName(name);
    default:
      return TorchvisionName(name);
  }
}

// The stem's bias, by their name.
std::string StemBiasName(BackboneNaming naming) {
  return naming == BackboneNaming::kChainer ? "conv1/b" : "conv1/conv/b";
}

bool IsIgnored(const std::string& name) {
  return absl::StartsWith(name, "fc.") || absl::StartsWith(name, "fc6/") ||
         absl::EndsWith(name, "/N") ||
         absl::EndsWith(name, ".num_batches_tracked");
}

// "; 2 missing: a, b"
std::string Named(absl::string_view what, std::vector<std::string> names) {
  if (names.empty()) return "";
  const size_t all = names.size();
  names.resize(std::min(all, kMostNamed));
  return absl::StrCat("; ", all, " ", what, ": ", absl::StrJoin(names, ", "),
                      all > kMostNamed ? ", ..." : "");
}

// Checked tensors under our names; what is wrong goes into the lists.
class Collector {
 public:
  Collector(BackboneNaming naming, const std::map<std::string, Tensor>& file)
      : naming_(naming), file_(file) {}

  void Take(const TensorSpec& spec, Backbone* backbone) {
    const std::string theirs = TheirName(naming_, spec.name);
    const auto found = file_.find(theirs);
    if (found == file_.end()) {
      missing_.push_back(theirs);
      return;
    }
    used_.insert(theirs);
    if (Fits(theirs, found->second, spec.shape)) {
      backbone->tensors[spec.name] = found->second;
    }
  }

  // Null: there is none.
  const Tensor* TakeStemBias(int64_t width) {
    const std::string theirs = StemBiasName(naming_);
    const auto found = file_.find(theirs);
    if (found == file_.end()) return nullptr;
    used_.insert(theirs);
    return Fits(theirs, found->second, {width}) ? &found->second : nullptr;
  }

  absl::Status Finish(const std::string& source, const std::string& model,
                      Backbone* backbone) {
    std::vector<std::string> unknown;
    for (const auto& entry : file_) {
      if (used_.count(entry.first) != 0) continue;
      (IsIgnored(entry.first) ? backbone->ignored : unknown)
          .push_back(entry.first);
    }
    if (missing_.empty() && misshapen_.empty() && unknown.empty()) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        source, ": a backbone as ", BackboneNamingName(naming_),
        " names it, but not that of '", model, "'", Named("missing", missing_),
        Named("of another shape", misshapen_), Named("unknown", unknown)));
  }

 private:
  bool Fits(const std::string& theirs, const Tensor& tensor,
            const Shape& shape) {
    if (tensor.shape() == shape && tensor.type() == DType::kF32) return true;
    misshapen_.push_back(absl::StrCat(theirs, " is ", DTypeName(tensor.type()),
                                      " ", tensor.shape().ToString(),
                                      ", expected f32 ", shape.ToString()));
    return false;
  }

  const BackboneNaming naming_;
  const std::map<std::string, Tensor>& file_;
  std::set<std::string> used_;
  std::vector<std::string> missing_, misshapen_;
};

// A batch norm behind y + offset instead of y.
void ShiftStem(absl::Span<const double> offset, Backbone* backbone) {
  Tensor mean = backbone->tensors[kStemMean].Clone();
  for (int64_t o = 0; o < mean.num_elements(); ++o) {
    mean.mutable_data<float>()[o] =
        static_cast<float>(mean.data<float>()[o] - offset[o]);
  }
  backbone->tensors[kStemMean] = mean;
}

void AddStemBias(const Tensor& bias, Backbone* backbone) {
  const absl::Span<const float> values = bias.span<float>();
  ShiftStem(std::vector<double>(values.begin(), values.end()), backbone);
}

// BGR -> RGB.
void ReverseStemInputs(Backbone* backbone) {
  const Tensor& theirs = backbone->tensors[kStemKernel];
  Tensor kernel(theirs.shape());
  const int64_t plane = theirs.dim(2) * theirs.dim(3);
  for (int64_t o = 0; o < theirs.dim(0); ++o) {
    for (int64_t c = 0; c < 3; ++c) {
      std::copy_n(theirs.data<float>() + (o * 3 + 2 - c) * plane, plane,
                  kernel.mutable_data<float>() + (o * 3 + c) * plane);
    }
  }
  backbone->tensors[kStemKernel] = kernel;
}

// torchvision's input is ((x + mean) / 255 - m) / s for our x: its kernel w
// gives the sum of w / (255 s) times x, plus what does not depend on x.
void FoldTorchvisionInput(const InputConfig& input, Backbone* backbone) {
  Tensor kernel = backbone->tensors[kStemKernel].Clone();
  const int64_t plane = kernel.dim(2) * kernel.dim(3);
  std::vector<double> offset(kernel.dim(0));
  float* w = kernel.mutable_data<float>();
  for (int64_t o = 0; o < kernel.dim(0); ++o) {
    for (int c = 0; c < 3; ++c) {
      const double shift = input.mean(c) - 255 * kTorchvisionMean[c];
      for (int64_t i = 0; i < plane; ++i, ++w) {
        const double scaled = *w / (255 * kTorchvisionStd[c]);
        offset[o] += scaled * shift;
        *w = static_cast<float>(scaled);
      }
    }
  }
  backbone->tensors[kStemKernel] = kernel;
  ShiftStem(offset, backbone);
}

std::string Note(BackboneNaming naming) {
  switch (naming) {
    case BackboneNaming::kTorchvision:
      return "torchvision strides in the 3x3 convolution of a block, this "
             "network in its first 1x1: the features differ until training "
             "has made up for it";
    case BackboneNaming::kChainercv:
      return "of chainercv's files the \"converted\" ones fit; the \"trained\" "
             "ones stride elsewhere";
    default:
      return "";
  }
}

}  // namespace

BackboneNaming BackboneNamingOf(const std::map<std::string, Tensor>& tensors) {
  for (const BackboneNaming naming :
       {BackboneNaming::kChainer, BackboneNaming::kChainercv,
        BackboneNaming::kTorchvision}) {
    // The second one tells from any other network with a first convolution.
    const bool stem = tensors.count(TheirName(naming, kStemKernel)) != 0;
    const bool block =
        tensors.count(TheirName(naming, "extractor/res2/res2_a/conv3/W")) != 0;
    if (stem && block) return naming;
  }
  return BackboneNaming::kNone;
}

absl::string_view BackboneNamingName(BackboneNaming naming) {
  switch (naming) {
    case BackboneNaming::kChainer:
      return "chainer";
    case BackboneNaming::kChainercv:
      return "chainercv";
    case BackboneNaming::kTorchvision:
      return "torchvision";
    case BackboneNaming::kNone:
      break;
  }
  return "";
}

absl::StatusOr<Backbone> ImportBackbone(
    const std::map<std::string, Tensor>& tensors, const ModelConfig& config,
    const std::string& source) {
  const BackboneNaming naming = BackboneNamingOf(tensors);
  if (naming == BackboneNaming::kNone) {
    return absl::InvalidArgumentError(absl::StrCat(
        source,
        ": no ResNet with the names of chainer, chainercv or torchvision"));
  }
  if (config.input().mean_size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "model '", config.name(), "': expected three values of input.mean"));
  }
  Backbone backbone;
  backbone.note = Note(naming);
  Collector collector(naming, tensors);
  for (const TensorSpec& spec : ExpectedTensors(config)) {
    if (absl::StartsWith(spec.name, kPrefix)) collector.Take(spec, &backbone);
  }
  const Tensor* bias = collector.TakeStemBias(StemWidth(config.backbone()));
  RETURN_IF_ERROR(collector.Finish(source, config.name(), &backbone));
  if (bias != nullptr) AddStemBias(*bias, &backbone);
  if (naming == BackboneNaming::kChainer) ReverseStemInputs(&backbone);
  if (naming == BackboneNaming::kTorchvision) {
    FoldTorchvisionInput(config.input(), &backbone);
  }
  return backbone;
}

}  // namespace fcis
