#include "fcis/train/init/initial_weights.h"

#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/random_stream.h"

namespace fcis::train {
namespace {

constexpr double kHeadDeviation = 0.01;

// What the network ends in, and so has no ReLU behind it.
bool IsOutput(const std::string& name) {
  return name == "rpn/score/W" || name == "rpn/loc/W" ||
         name == "head/psroi_conv2/W" || name == "head/psroi_conv3/W";
}

double Deviation(const std::string& name, const Shape& shape, HeadInit heads) {
  const bool head = !absl::StartsWith(name, "extractor/");
  if (head && (heads == HeadInit::kReference || IsOutput(name))) {
    return kHeadDeviation;
  }
  const double fan_in =
      static_cast<double>(shape.dim(1) * shape.dim(2) * shape.dim(3));
  return std::sqrt(2 / fan_in);
}

Tensor Filled(const Shape& shape, float value) {
  Tensor t(shape);
  for (float& v : t.mutable_span<float>()) v = value;
  return t;
}

}  // namespace

model::Weights ScratchWeights(const ModelConfig& config, uint64_t seed,
                              HeadInit heads) {
  model::Weights weights;
  weights.config = config;
  weights.source = absl::StrCat("random weights of seed ", seed);
  int blocks = 0;
  for (const int n : config.backbone().blocks()) blocks += n;
  for (const model::TensorSpec& spec : model::ExpectedTensors(config)) {
    Tensor& t = weights.tensors[spec.name];
    if (!absl::EndsWith(spec.name, "/W")) {
      const bool one = absl::EndsWith(spec.name, "/gamma") ||
                       absl::EndsWith(spec.name, "/avg_var");
      const bool branch = absl::EndsWith(spec.name, "/bn3/gamma");
      const double value = branch ? 1 / std::sqrt(blocks) : one;
      t = Filled(spec.shape, static_cast<float>(value));
      continue;
    }
    // A stream per name: a tensor does not depend on the others.
    RandomStream random(spec.name, seed);
    const double deviation = Deviation(spec.name, spec.shape, heads);
    t = Tensor(spec.shape);
    for (float& v : t.mutable_span<float>()) {
      v = static_cast<float>(deviation * random.Normal());
    }
  }
  return weights;
}

TakenOver TakeOver(const std::map<std::string, Tensor>& from,
                   model::Weights* weights) {
  TakenOver result;
  for (const auto& entry : from) {
    const auto to = weights->tensors.find(entry.first);
    if (to == weights->tensors.end()) {
      result.unknown.push_back(entry.first);
    } else if (to->second.shape() != entry.second.shape() ||
               entry.second.type() != DType::kF32) {
      result.dropped.push_back(
          absl::StrCat(entry.first, " ", DTypeName(entry.second.type()), " ",
                       entry.second.shape().ToString(), ", expected f32 ",
                       to->second.shape().ToString()));
    } else {
      to->second = entry.second;
      ++result.taken;
    }
  }
  for (const auto& entry : weights->tensors) {
    if (from.count(entry.first) == 0) result.missing.push_back(entry.first);
  }
  return result;
}

}  // namespace fcis::train
