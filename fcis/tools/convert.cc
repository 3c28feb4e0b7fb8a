#include "fcis/tools/convert.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/model/onnx/export_onnx.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/model/weights/load.h"

namespace fcis::tools {
namespace {

constexpr char kOurs[] = ".safetensors";
constexpr char kChainer[] = ".npz";
constexpr char kOnnx[] = ".onnx";

}  // namespace

std::string TensorTable(const std::map<std::string, Tensor>& tensors) {
  size_t longest = 0;
  int64_t values = 0, bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    longest = std::max(longest, name.size());
    values += tensor.num_elements();
    bytes += tensor.num_bytes();
  }
  std::string table;
  for (const auto& [name, tensor] : tensors) {
    absl::StrAppendFormat(&table, "%-*s  %-4s  %-16s %12d bytes\n",
                          static_cast<int>(longest), name,
                          DTypeName(tensor.type()), tensor.shape().ToString(),
                          tensor.num_bytes());
  }
  absl::StrAppendFormat(&table, "%d tensors, %d values, %d bytes\n",
                        tensors.size(), values, bytes);
  return table;
}

absl::Status CheckOutputName(absl::string_view path,
                             absl::string_view only_ours) {
  if (absl::EndsWith(path, kOurs)) return absl::OkStatus();
  if (!only_ours.empty()) {
    return UsageError(absl::StrCat(only_ours, ": cannot write ", path,
                                   ": expected a name that ends in ", kOurs));
  }
  if (absl::EndsWith(path, kChainer) || absl::EndsWith(path, kOnnx)) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("cannot write ", path,
                                 ": expected a name that ends in ", kOurs, ", ",
                                 kChainer, " or ", kOnnx));
}

absl::StatusOr<model::Weights> AverageOf(
    const model::Weights& weights, const std::vector<std::string>& files) {
  RETURN_IF_ERROR(model::CheckWeights(weights));
  const double share = 1. / static_cast<double>(files.size() + 1);
  std::map<std::string, std::vector<double>> sums;
  const auto add = [&](const model::Weights& model) {
    for (const auto& [name, tensor] : model.tensors) {
      std::vector<double>& sum = sums[name];
      sum.resize(static_cast<size_t>(tensor.num_elements()));
      for (size_t i = 0; i < sum.size(); ++i) {
        sum[i] += share * tensor.data<float>()[i];
      }
    }
  };
  add(weights);
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(model::Weights model, model::LoadWeights(file));
    // The classes and widths decide which tensors there are.
    model.config = weights.config;
    RETURN_IF_ERROR(model::CheckWeights(model));
    add(model);
  }
  model::Weights mean = weights;
  mean.int8 = model::Quantization();
  for (auto& [name, tensor] : mean.tensors) {
    const std::vector<double>& sum = sums[name];
    tensor = Tensor::FromSpan<float>(
        tensor.shape(), std::vector<float>(sum.begin(), sum.end()));
  }
  absl::StrAppend(&mean.source, " and ", files.size(), " more");
  return mean;
}

absl::Status WriteWeights(const std::string& path,
                          const model::Weights& weights) {
  if (absl::EndsWith(path, kChainer)) return model::ExportNpz(path, weights);
  if (absl::EndsWith(path, kOnnx)) return model::ExportOnnx(path, weights);
  return model::SaveWeights(path, weights);
}

}  // namespace fcis::tools
