#include "fcis/model/weights/import_backbone.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/weights/backbone_kind.h"
#include "fcis/model/weights/backbone_names.h"
#include "fcis/model/weights/torchvision_rules.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {
namespace {

constexpr char kStemKernel[] = "extractor/res1/conv1/W";
constexpr char kStemMean[] = "extractor/res1/bn1/avg_mean";

// The stem's bias, by their name.
std::string StemBiasName(BackboneNaming naming) {
  return naming == BackboneNaming::kChainer ? "conv1/b" : "conv1/conv/b";
}

bool IsIgnored(const std::string& name) {
  return absl::StartsWith(name, "fc.") || absl::StartsWith(name, "fc6/") ||
         absl::EndsWith(name, "/N") ||
         absl::EndsWith(name, ".num_batches_tracked");
}

// Checked tensors under our names; what is wrong goes into the lists.
class Collector {
 public:
  Collector(BackboneNaming naming, const std::map<std::string, Tensor>& file)
      : naming_(naming), file_(file) {}

  void Take(const TensorSpec& spec, Backbone* backbone) {
    const std::string theirs = NameInBackbone(naming_, spec.name);
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
    const std::string misfit = Misfit(theirs, tensor, shape);
    if (!misfit.empty()) misshapen_.push_back(misfit);
    return misfit.empty();
  }

  const BackboneNaming naming_;
  const std::map<std::string, Tensor>& file_;
  std::set<std::string> used_;
  std::vector<std::string> missing_, misshapen_;
};

// Into the batch norm, which subtracts a mean.
void AddStemBias(const Tensor& bias, Backbone* backbone) {
  Tensor mean = backbone->tensors[kStemMean].Clone();
  for (int64_t o = 0; o < mean.num_elements(); ++o) {
    mean.mutable_data<float>()[o] -= bias.data<float>()[o];
  }
  backbone->tensors[kStemMean] = mean;
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
  RETURN_IF_ERROR(CheckBackboneKind(tensors, naming, config, source));
  Backbone backbone;
  backbone.note = Note(naming);
  Collector collector(naming, tensors);
  for (const TensorSpec& spec : ExpectedTensors(config)) {
    if (absl::StartsWith(spec.name, kBackbonePrefix)) {
      collector.Take(spec, &backbone);
    }
  }
  const Tensor* bias = collector.TakeStemBias(StemWidth(config.backbone()));
  RETURN_IF_ERROR(collector.Finish(source, config.name(), &backbone));
  if (bias != nullptr) AddStemBias(*bias, &backbone);
  if (naming == BackboneNaming::kChainer) ReverseStemInputs(&backbone);
  if (naming == BackboneNaming::kTorchvision) {
    FromTorchvisionRules(config, &backbone.tensors);
  }
  return backbone;
}

}  // namespace fcis::model
