#include "fcis/model/testing/golden_block.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fcis::model {

GoldenBlock ReadGoldenBlock(const GoldenFile& golden,
                            const GoldenBlockCase& block) {
  GoldenBlock result;
  BottleneckSpec& spec = result.spec;
  spec.name = absl::StrCat("block_", block.name);
  for (const std::string& array : golden.names()) {
    if (!absl::StartsWith(array, spec.name + "/")) continue;
    if (absl::EndsWith(array, "/W") || absl::StrContains(array, "/bn")) {
      result.weights.tensors[array] = golden.Get(array);
    }
  }
  const auto& tensors = result.weights.tensors;
  const Shape& reduce = tensors.at(spec.name + "/conv1/W").shape();
  spec.in = reduce.dim(1);
  spec.mid = reduce.dim(0);
  spec.out = tensors.at(spec.name + "/conv3/W").dim(0);
  spec.projects = tensors.count(spec.name + "/conv4/W") != 0;
  spec.stride = block.stride;
  spec.dilation = block.dilation;
  return result;
}

}  // namespace fcis::model
