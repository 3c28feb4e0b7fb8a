#include "fcis/model/weights/load.h"

#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/npz.h"
#include "fcis/model/weights/import_backbone.h"
#include "fcis/model/weights/import_mxnet.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/model/weights/infer_config.h"
#include "fcis/model/weights/safetensors.h"
#include "google/protobuf/text_format.h"

namespace fcis {
namespace {

constexpr absl::string_view kZipMagic = "PK";
constexpr absl::string_view kMxnetMagic("\x12\x01\0\0\0\0\0\0", 8);

enum class Format { kSafetensors, kNpz, kMxnet };

absl::StatusOr<Format> FormatOf(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const absl::string_view bytes = file->bytes();
  if (absl::StartsWith(bytes, kZipMagic)) return Format::kNpz;
  if (absl::StartsWith(bytes, kMxnetMagic)) return Format::kMxnet;
  // A length of eight bytes, then the header's brace.
  if (bytes.size() > 8 && bytes[8] == '{') return Format::kSafetensors;
  return absl::InvalidArgumentError(absl::StrCat(
      path,
      ": not a weight file; expected safetensors, a chainer .npz or an MXNet "
      ".params"));
}

absl::StatusOr<Weights> LoadAs(Format format, const std::string& path,
                               const absl::optional<ModelConfig>& config) {
  switch (format) {
    case Format::kNpz:
      return ImportNpz(path, config);
    case Format::kMxnet:
      return ImportMxnet(path, config);
    case Format::kSafetensors:
      break;
  }
  ASSIGN_OR_RETURN(Safetensors file, ReadSafetensors(path));
  return WeightsOf(std::move(file), path, config);
}

}  // namespace

absl::StatusOr<Weights> WeightsOf(Safetensors file, const std::string& source,
                                  const absl::optional<ModelConfig>& config) {
  Weights weights;
  weights.source = source;
  weights.tensors = std::move(file.tensors);
  for (auto it = weights.tensors.begin(); it != weights.tensors.end();) {
    it = absl::StartsWith(it->first, kOptimizerPrefix)
             ? weights.tensors.erase(it)
             : std::next(it);
  }
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
  ASSIGN_OR_RETURN(const Format format, FormatOf(path));
  absl::StatusOr<Weights> weights = LoadAs(format, path, config);
  if (weights.ok()) return weights;
  // A backbone is what a user may well have at hand: say so.
  const auto tensors = ReadTensors(path);
  const BackboneNaming naming =
      tensors.ok() ? BackboneNamingOf(*tensors) : BackboneNaming::kNone;
  if (naming == BackboneNaming::kNone) return weights;
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": no FCIS model but a ResNet of ", BackboneNamingName(naming),
      ", which training can start from (train_main --init)"));
}

absl::StatusOr<std::map<std::string, Tensor>> ReadTensors(
    const std::string& path) {
  ASSIGN_OR_RETURN(const Format format, FormatOf(path));
  if (format == Format::kMxnet) return ReadMxnetParams(path);
  if (format == Format::kSafetensors) {
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

absl::Status SaveWeights(const std::string& path, const Weights& weights) {
  Safetensors file;
  file.tensors = weights.tensors;
  google::protobuf::TextFormat::PrintToString(weights.config,
                                              &file.metadata[kModelConfigKey]);
  file.metadata["format"] = "fcis";
  return WriteSafetensors(path, file);
}

}  // namespace fcis
