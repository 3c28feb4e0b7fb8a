// Weights: a model's tensors by name, in the reference's names and layout
// (chainer's npz keys such as "extractor/res4/res4_b7/conv2/W"; OIHW kernels,
// the reference's channel order), with the ModelConfig that they demand.
#ifndef FCIS_MODEL_WEIGHTS_WEIGHTS_H_
#define FCIS_MODEL_WEIGHTS_WEIGHTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/quantization.h"

namespace fcis::model {

struct Weights {
  ModelConfig config;
  std::map<std::string, Tensor> tensors;  // f32
  // Empty: none. Its kernels' values are those in `tensors`: who changes these
  // drops it.
  Quantization int8;
  // Where they come from, for messages: a path, or what made them.
  std::string source;
  // What the user of the file should know of how it was read, a line; else "".
  std::string remark;
};

// For messages: "; 2 missing: a, b", at most ten of them; "" for none.
std::string Named(absl::string_view what, std::vector<std::string> names);
// For messages: "a/W is f64 2x3, expected f32 3x3"; "" if the tensor is that.
std::string Misfit(absl::string_view name, const Tensor& tensor,
                   const Shape& shape);

// Every tensor that a model of this config has, sorted by name.
std::vector<TensorSpec> ExpectedTensors(const ModelConfig& config);

// OK when `weights` holds exactly the topology's tensors, all f32; else an
// error that names the source and each missing, extra or misshapen tensor (at
// most ten of each kind).
absl::Status CheckTensors(const Topology& topology, const Weights& weights);

// The same for the topology of the config, which must name classes, and
// CheckQuantization.
absl::Status CheckWeights(const Weights& weights);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_WEIGHTS_H_
