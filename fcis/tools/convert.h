// Weight files: listed, and written in another format.
#ifndef FCIS_TOOLS_CONVERT_H_
#define FCIS_TOOLS_CONVERT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/weights.h"

namespace fcis::tools {

// One line a tensor (name, type, shape, bytes), then the number of tensors,
// values and bytes.
std::string TensorTable(const std::map<std::string, Tensor>& tensors);

// A UsageError unless `path` ends in .safetensors (ours), .npz (chainer-fcis's
// names, for chainer.serializers.load_npz) or .onnx (model/onnx/export_onnx.h).
// only_ours: a flag of which nothing but the first can be written, or "".
absl::Status CheckOutputName(absl::string_view path,
                             absl::string_view only_ours = "");

// The mean of the values of `weights` and of the models in the files: of points
// of one training, or of trainings that went on from one another, such a mean
// often finds more than each. It keeps the config of `weights`. Errors: a file
// cannot be read, or its tensors have other names or shapes.
absl::StatusOr<model::Weights> AverageOf(const model::Weights& weights,
                                         const std::vector<std::string>& files);

// Writes the format that the name says; it passed CheckOutputName. An .npz
// carries no config: what the origin demands is then lost, as in any such file.
// Errors: those of the format's writer.
absl::Status WriteWeights(const std::string& path,
                          const model::Weights& weights);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_CONVERT_H_
