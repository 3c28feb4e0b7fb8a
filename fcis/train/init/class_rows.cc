#include "fcis/train/init/class_rows.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"

namespace fcis::train {
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
