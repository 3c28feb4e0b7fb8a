#include "fcis/model/weights/load.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/npz.h"
#include "fcis/kernels/map_type.h"
#include "fcis/model/weights/backbone_kind.h"
#include "fcis/model/weights/backbone_names.h"
#include "fcis/model/weights/import_mxnet.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/model/weights/infer_config.h"
#include "fcis/model/weights/safetensors.h"
#include "fcis/model/weights/weight_format.h"
#include "google/protobuf/text_format.h"

namespace fcis::model {
namespace {

absl::StatusOr<Weights> LoadAs(WeightFormat format, const std::string& path,
                               const absl::optional<ModelConfig>& config) {
  switch (format) {
    case WeightFormat::kNpz:
      return ImportNpz(path, config);
    case WeightFormat::kMxnet:
      return ImportMxnet(path, config);
    case WeightFormat::kSafetensors:
      break;
  }
  ASSIGN_OR_RETURN(Safetensors file, ReadSafetensors(path));
  return WeightsOf(std::move(file), path, config);
}

// Of everything in the file, what the model is made of.
std::map<std::string, Tensor> ModelTensors(
    const std::map<std::string, Tensor>& file) {
  std::map<std::string, Tensor> model;
  std::vector<Tensor*> narrow;
  for (const auto& [name, tensor] : file) {
    if (absl::StartsWith(name, kOptimizerPrefix)) continue;
    const auto average = file.find(absl::StrCat(kAveragePrefix, name));
    Tensor& chosen = model[name];
    chosen = average == file.end() ? tensor : average->second;
    if (chosen.type() == DType::kBF16) narrow.push_back(&chosen);
  }
  ParallelForEach(narrow.size(), 1,
                  [&](size_t i) { *narrow[i] = kernels::AsF32(*narrow[i]); });
  return model;
}

}  // namespace

absl::StatusOr<Weights> WeightsOf(Safetensors file, const std::string& source,
                                  const absl::optional<ModelConfig>& config) {
  Weights weights;
  weights.source = source;
  weights.tensors = ModelTensors(file.tensors);
  ASSIGN_OR_RETURN(weights.int8, TakeQuantization(source, &weights.tensors));
  const auto carried = file.metadata.find(kModelConfigKey);
  if (config.has_value()) {
    weights.config = *config;
  } else if (carried != file.metadata.end()) {
    ASSIGN_OR_RETURN(
        weights.config,
        ParseConfig(carried->second,
                    absl::StrCat(source, " (", kModelConfigKey, ")")));
  } else {
    ASSIGN_OR_RETURN(weights.config, InferConfig(weights.tensors, source));
  }
  RETURN_IF_ERROR(CheckWeights(weights));
  return weights;
}

absl::StatusOr<Weights> LoadWeights(const std::string& path,
                                    const absl::optional<ModelConfig>& config) {
  ASSIGN_OR_RETURN(const WeightFormat format, WeightFormatOf(path));
  absl::StatusOr<Weights> weights = LoadAs(format, path, config);
  if (weights.ok()) return weights;
  // A backbone is what a user may well have at hand: say so.
  const auto tensors = ReadTensors(path);
  const BackboneNaming naming =
      tensors.ok() ? BackboneNamingOf(*tensors) : BackboneNaming::kNone;
  if (naming == BackboneNaming::kNone) return weights;
  const BackboneKind kind = BackboneKindOf(*tensors, naming);
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": no FCIS model but a ", BackboneKindName(kind),
      " with the names of ", BackboneNamingName(naming),
      kind.basic ? "" : ", which training can start from (train --init)"));
}

absl::StatusOr<std::map<std::string, Tensor>> ReadTensors(
    const std::string& path) {
  ASSIGN_OR_RETURN(const WeightFormat format, WeightFormatOf(path));
  if (format == WeightFormat::kMxnet) return ReadMxnetParams(path);
  if (format == WeightFormat::kSafetensors) {
    ASSIGN_OR_RETURN(Safetensors file, ReadSafetensors(path));
    return std::move(file.tensors);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<NpzFile> file, NpzFile::Open(path));
  std::map<std::string, Tensor> tensors;
  for (const std::string& name : file->names()) {
    ASSIGN_OR_RETURN(tensors[name], file->Read(name));
  }
  return tensors;
}

Weights WithBf16Kernels(Weights weights) {
  weights.int8 = Quantization();
  for (auto& [name, tensor] : weights.tensors) {
    if (tensor.shape().rank() > 1) {
      tensor = kernels::AsMapType(tensor, DType::kBF16);
    }
  }
  return weights;
}

absl::Status SaveWeights(const std::string& path, const Weights& weights) {
  Safetensors file;
  if (weights.int8.empty()) {
    file.tensors = weights.tensors;
  } else {
    file.tensors = WithBf16Kernels(weights).tensors;
    PutQuantization(weights.int8, &file.tensors);
  }
  google::protobuf::TextFormat::PrintToString(weights.config,
                                              &file.metadata[kModelConfigKey]);
  file.metadata["format"] = "fcis";
  return WriteSafetensors(path, file);
}

}  // namespace fcis::model
