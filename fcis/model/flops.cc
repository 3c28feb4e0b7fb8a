#include "fcis/model/flops.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fcis/model/weights/weights.h"

namespace fcis {
namespace {

// Extents along one side where the convolutions of each stage write; a strided
// stage has its stride in its first convolution.
struct Extents {
  explicit Extents(int64_t input)
      : res1((input - 1) / 2 + 1),
        res2((res1 - 2) / 2 + 1),
        res3((res2 - 1) / 2 + 1),
        res4((res3 - 1) / 2 + 1) {}

  int64_t At(absl::string_view name) const {
    if (absl::StartsWith(name, "extractor/res1")) return res1;
    if (absl::StartsWith(name, "extractor/res2")) return res2;
    if (absl::StartsWith(name, "extractor/res3")) return res3;
    return res4;
  }

  int64_t res1, res2, res3, res4;
};

}  // namespace

double NetworkFlops(const ModelConfig& config, int height, int width) {
  const Extents rows(height), columns(width);
  double flops = 0;
  for (const TensorSpec& spec : ExpectedTensors(config)) {
    if (!absl::EndsWith(spec.name, "/W")) continue;
    flops += 2.0 * spec.shape.num_elements() * rows.At(spec.name) *
             columns.At(spec.name);
  }
  return flops;
}

}  // namespace fcis
