// The one door to weight files of every kind.
#ifndef FCIS_MODEL_WEIGHTS_LOAD_H_
#define FCIS_MODEL_WEIGHTS_LOAD_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/model/weights/safetensors.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// The key of a safetensors file's metadata under which its ModelConfig stands,
// in text form.
inline constexpr char kModelConfigKey[] = "fcis.config";
// Tensors of a training checkpoint that are not the model's.
inline constexpr char kOptimizerPrefix[] = "optimizer/";
// Among them the averaged weights, by the weights' names.
inline constexpr char kAveragePrefix[] = "optimizer/average/";

// Reads a model whatever its format (WeightFormatOf): our safetensors,
// chainer-fcis or chainercv .npz, MXNet .params. Of a checkpoint it is the
// model that training would export: averaged where averages are kept, without
// what else begins with kOptimizerPrefix. bf16 in a safetensors file is widened
// to f32, and what is quantised (quantization.h) is there in both forms.
// `config` replaces the one that the file carries or that is inferred from it.
// Errors name the file: missing, of another program (and how to
// convert it), a backbone alone (and which), or with missing, extra or
// misshapen tensors.
absl::StatusOr<Weights> LoadWeights(
    const std::string& path,
    const absl::optional<ModelConfig>& config = absl::nullopt);

// The same for a safetensors file that has been read; `source` is for errors.
absl::StatusOr<Weights> WeightsOf(
    Safetensors file, const std::string& source,
    const absl::optional<ModelConfig>& config = absl::nullopt);

// What the file holds, under its own names and in its own order of channels,
// whether or not it is a model.
absl::StatusOr<std::map<std::string, Tensor>> ReadTensors(
    const std::string& path);

// The same weights with the convolutions' kernels rounded to bf16, half the
// bytes; biases and norms stay f32; nothing is quantised. To be saved, not to
// be computed with.
Weights WithBf16Kernels(Weights weights);

// Writes our own format: safetensors with the config in its metadata. Of a
// quantised model the kernels that are not of 8 bits are rounded to bf16.
absl::Status SaveWeights(const std::string& path, const Weights& weights);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_LOAD_H_
