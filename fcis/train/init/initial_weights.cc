#include "fcis/train/init/initial_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
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
          absl::StrCat(entry.first, " ", entry.second.Describe(),
                       ", expected f32 ", to->second.shape().ToString()));
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

namespace {

std::string Folded(const std::string& name) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(name));
}

// The class of `from` that each class of `to` takes its maps from; -1: none.
std::vector<int> Partners(const ModelConfig& from, const ModelConfig& to) {
  std::map<std::string, int> known;
  for (int i = 0; i < from.classes_size(); ++i) {
    known.emplace(Folded(from.classes(i).name()), i);
  }
  std::vector<int> partners;
  for (const ClassConfig& c : to.classes()) {
    const auto found = known.find(Folded(c.name()));
    partners.push_back(found == known.end() ? -1 : found->second);
  }
  return partners;
}

bool AreTheSame(const std::vector<int>& partners, int classes) {
  if (static_cast<int>(partners.size()) != classes) return false;
  for (int i = 0; i < classes; ++i) {
    if (partners[static_cast<size_t>(i)] != i) return false;
  }
  return true;
}

// Blocks of a tensor's first dimension: the background's, then one per class.
Tensor Fitted(const Tensor& old, int classes,
              const std::vector<int>& partners) {
  const int64_t block = old.num_elements() / (classes + 1);
  const float* const from = old.span<float>().data();
  std::vector<float> mean(static_cast<size_t>(block));
  for (int c = 1; c <= classes; ++c) {
    for (int64_t i = 0; i < block; ++i) {
      mean[static_cast<size_t>(i)] += from[c * block + i] / classes;
    }
  }
  const absl::Span<const int64_t> extents = old.shape().extents();
  std::vector<int64_t> fitted_extents(extents.begin(), extents.end());
  fitted_extents[0] =
      extents[0] / (classes + 1) * (static_cast<int64_t>(partners.size()) + 1);
  Tensor fitted(*Shape::FromExtents(fitted_extents));
  float* to = fitted.mutable_span<float>().data();
  to = std::copy(from, from + block, to);
  for (const int partner : partners) {
    const float* const rows =
        partner < 0 ? mean.data() : from + (partner + 1) * block;
    to = std::copy(rows, rows + block, to);
  }
  return fitted;
}

}  // namespace

ClassRows FitClassRows(const ModelConfig& from, const ModelConfig& to,
                       std::map<std::string, Tensor>* tensors) {
  ClassRows rows;
  const std::vector<int> partners = Partners(from, to);
  const int classes = from.classes_size();
  if (classes == 0 || AreTheSame(partners, classes)) return rows;
  const int64_t outputs = int64_t{from.head().group_size()} *
                          from.head().group_size() * 2 * (classes + 1);
  const std::string names[] = {"head/psroi_conv2/W", "head/psroi_conv2/b"};
  for (const std::string& name : names) {
    const auto found = tensors->find(name);
    if (found == tensors->end() || found->second.type() != DType::kF32 ||
        found->second.shape().rank() == 0 || found->second.dim(0) != outputs) {
      return rows;
    }
  }
  for (const std::string& name : names) {
    Tensor& tensor = tensors->at(name);
    tensor = Fitted(tensor, classes, partners);
  }
  for (size_t i = 0; i < partners.size(); ++i) {
    const std::string& name = to.classes(static_cast<int>(i)).name();
    (partners[i] < 0 ? rows.derived : rows.kept).push_back(name);
  }
  return rows;
}

}  // namespace fcis::train
