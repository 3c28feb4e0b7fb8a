#include "fcis/model/weights/load.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/model/weights/import_mxnet.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/model/weights/infer_config.h"
#include "fcis/model/weights/safetensors.h"
#include "google/protobuf/text_format.h"

namespace fcis {
namespace {

constexpr char kConfigKey[] = "fcis.config";
constexpr absl::string_view kZipMagic = "PK";
constexpr absl::string_view kMxnetMagic("\x12\x01\0\0\0\0\0\0", 8);

absl::StatusOr<Weights> LoadSafetensors(
    const std::string& path, const absl::optional<ModelConfig>& config) {
  ASSIGN_OR_RETURN(Safetensors file, ReadSafetensors(path));
  Weights weights;
  weights.source = path;
  weights.tensors = std::move(file.tensors);
  const auto carried = file.metadata.find(kConfigKey);
  if (config.has_value()) {
    weights.config = *config;
  } else if (carried != file.metadata.end()) {
    ASSIGN_OR_RETURN(weights.config,
                     ParseConfig(carried->second,
                                 absl::StrCat(path, " (", kConfigKey, ")")));
  } else {
    ASSIGN_OR_RETURN(weights.config, InferConfig(weights.tensors, path));
  }
  RETURN_IF_ERROR(CheckWeights(weights));
  return weights;
}

}  // namespace

absl::StatusOr<Weights> LoadWeights(const std::string& path,
                                    const absl::optional<ModelConfig>& config) {
  absl::string_view start;
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  start = file->bytes().substr(0, 16);
  if (absl::StartsWith(start, kZipMagic)) return ImportNpz(path, config);
  if (absl::StartsWith(start, kMxnetMagic)) return ImportMxnet(path, config);
  // safetensors: a length, then the header's brace.
  if (start.size() > 8 && start[8] == '{') return LoadSafetensors(path, config);
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": not a weight file; expected safetensors, a chainer .npz "
                   "or an MXNet .params"));
}

absl::Status SaveWeights(const std::string& path, const Weights& weights) {
  Safetensors file;
  file.tensors = weights.tensors;
  google::protobuf::TextFormat::PrintToString(weights.config,
                                              &file.metadata[kConfigKey]);
  file.metadata["format"] = "fcis";
  return WriteSafetensors(path, file);
}

}  // namespace fcis
