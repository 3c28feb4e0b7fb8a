#include "fcis/model/weights/weights.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::model {

std::string Named(absl::string_view what, std::vector<std::string> names) {
  constexpr size_t kMostNamed = 10;
  if (names.empty()) return "";
  const size_t all = names.size();
  names.resize(std::min(all, kMostNamed));
  return absl::StrCat("; ", all, " ", what, ": ", absl::StrJoin(names, ", "),
                      all > kMostNamed ? ", ..." : "");
}

std::string Misfit(absl::string_view name, const Tensor& tensor,
                   const Shape& shape) {
  if (tensor.shape() == shape && tensor.type() == DType::kF32) return "";
  return absl::StrCat(name, " is ", tensor.Describe(), ", expected f32 ",
                      shape.ToString());
}

std::vector<TensorSpec> ExpectedTensors(const ModelConfig& config) {
  return TensorsOf(TopologyOf(config));
}

absl::Status CheckTensors(const Topology& topology, const Weights& weights) {
  std::vector<std::string> missing, misshapen, extra;
  std::map<std::string, Shape> expected;
  for (const TensorSpec& spec : TensorsOf(topology)) {
    expected[spec.name] = spec.shape;
    const auto found = weights.tensors.find(spec.name);
    if (found == weights.tensors.end()) {
      missing.push_back(spec.name);
      continue;
    }
    const std::string misfit = Misfit(spec.name, found->second, spec.shape);
    if (!misfit.empty()) misshapen.push_back(misfit);
  }
  for (const auto& [name, tensor] : weights.tensors) {
    if (expected.count(name) == 0) extra.push_back(name);
  }
  if (missing.empty() && misshapen.empty() && extra.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      weights.source, ": does not fit the model '", weights.config.name(), "'",
      Named("missing", missing), Named("of another shape", misshapen),
      Named("unknown", extra)));
}

absl::Status CheckWeights(const Weights& weights) {
  if (weights.config.classes().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        weights.source,
        ": the model's configuration names no classes; without them it can "
        "only be trained, on a data set that names them"));
  }
  const Topology topology = TopologyOf(weights.config);
  RETURN_IF_ERROR(CheckTensors(topology, weights));
  return CheckQuantization(topology, weights.int8, weights.source);
}

}  // namespace fcis::model
