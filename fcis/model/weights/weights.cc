#include "fcis/model/weights/weights.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::model {
namespace {

constexpr size_t kMostNamed = 10;

std::string Named(absl::string_view what, std::vector<std::string> names) {
  if (names.empty()) return "";
  const size_t all = names.size();
  names.resize(std::min(all, kMostNamed));
  return absl::StrCat("; ", all, " ", what, ": ", absl::StrJoin(names, ", "),
                      all > kMostNamed ? ", ..." : "");
}

}  // namespace

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
    } else if (found->second.shape() != spec.shape ||
               found->second.type() != DType::kF32) {
      misshapen.push_back(
          absl::StrCat(spec.name, " is ", DTypeName(found->second.type()), " ",
                       found->second.shape().ToString(), ", expected f32 ",
                       spec.shape.ToString()));
    }
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
