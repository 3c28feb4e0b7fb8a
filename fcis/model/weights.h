// Weights: a model file's tensors by name, in the reference's names and layout
// (chainer's npz keys such as "extractor/res4/res4_b7/conv2/W"; OIHW kernels,
// the reference's channel order), plus the ModelConfig that its origin demands.
#ifndef FCIS_MODEL_WEIGHTS_H_
#define FCIS_MODEL_WEIGHTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

struct Weights {
  ModelConfig config;
  // Sorted by name; f32.
  std::map<std::string, Tensor> tensors;
  // Where they came from, for messages: a path, or "built in".
  std::string source;
};

// Name and shape of every tensor that a model of this config needs, sorted by
// name.
struct TensorSpec {
  std::string name;
  Shape shape;
};
std::vector<TensorSpec> ExpectedTensors(const ModelConfig& config);

// OK when `weights` has exactly the expected tensors; else an error that names
// each missing, extra or misshapen tensor (at most ten of each) and the source.
absl::Status CheckWeights(const Weights& weights);

// The deterministic weights of shared/parity/WEIGHTS.md.
Weights DeterministicWeights(const ModelConfig& config, uint64_t seed);

}  // namespace fcis

#endif  // FCIS_MODEL_WEIGHTS_H_
