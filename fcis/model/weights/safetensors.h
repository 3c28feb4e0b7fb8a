// The safetensors format: a JSON header and raw tensors, nothing executable.
// Our own weight files are of this kind.
#ifndef FCIS_MODEL_WEIGHTS_SAFETENSORS_H_
#define FCIS_MODEL_WEIGHTS_SAFETENSORS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// Maps the file; tensors are views of it where their offset is aligned. Errors
// name file and tensor: not such a file, a header over 100 MB, an unknown type,
// a shape that does not fit its bytes, bytes outside of the file,
// overlaps or gaps, a name given twice.
absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path);

// The same for a file's bytes, which `owner` keeps alive; `name` is for errors.
absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes,
                                             std::shared_ptr<const void> owner,
                                             const std::string& name);

// Atomic; the same tensors give the same bytes. Errors name the path: not
// writable, or a name or text that is not UTF-8.
absl::Status WriteSafetensors(const std::string& path, const Safetensors& file);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_SAFETENSORS_H_
