#include "fcis/tools/convert.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/model/weights/import_npz.h"
#include "fcis/model/weights/load.h"

namespace fcis {
namespace {

constexpr char kOurs[] = ".safetensors";
constexpr char kChainer[] = ".npz";

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

absl::Status CheckOutputName(absl::string_view path) {
  if (absl::EndsWith(path, kOurs) || absl::EndsWith(path, kChainer)) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("cannot write ", path,
                                 ": expected a name that ends in ", kOurs,
                                 " or ", kChainer));
}

absl::Status WriteWeights(const std::string& path, const Weights& weights) {
  return absl::EndsWith(path, kChainer) ? ExportNpz(path, weights)
                                        : SaveWeights(path, weights);
}

}  // namespace fcis
