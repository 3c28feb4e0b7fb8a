// What a weight file is: told by its bytes, never by its name.
#ifndef FCIS_MODEL_WEIGHTS_WEIGHT_FORMAT_H_
#define FCIS_MODEL_WEIGHTS_WEIGHT_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"

namespace fcis::model {

enum class WeightFormat { kSafetensors, kNpz, kMxnet };

// The format, by the file's first bytes and a zip's list of members; whether it
// is sound is its reader's to say. For any other file an error that names the
// path, what the file is (PyTorch, TorchScript, Keras, ONNX, a kind of
// file_kind.h, empty, ...) and what makes a readable one of it.
// Also errors: a file that is missing or cannot be read.
absl::StatusOr<WeightFormat> WeightFormatOf(const std::string& path);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_WEIGHT_FORMAT_H_
