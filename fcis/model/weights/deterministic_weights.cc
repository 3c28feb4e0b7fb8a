#include "fcis/model/weights/deterministic_weights.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"

namespace fcis::model {
namespace {

// Values are centre + spread * t, t in [-1, 1).
struct Distribution {
  float centre = 0;
  float spread = 0;
  // Every second input has the negated weight of the one before.
  bool paired = false;
};

double Gain(absl::string_view name) {
  if (name == "extractor/res1/conv1/W") return 1.0 / 64;
  if (name == "rpn/loc/W") return 0.25;
  if (name == "head/psroi_conv2/W") return 8;
  return 1;
}

Distribution OfKernel(absl::string_view name, const Shape& shape) {
  Distribution d;
  const int64_t fan_in = shape.dim(1) * shape.dim(2) * shape.dim(3);
  d.spread = static_cast<float>(Gain(name) * std::sqrt(6.0 / fan_in));
  d.paired = name == "rpn/score/W" || name == "rpn/loc/W" ||
             name == "head/psroi_conv2/W" || name == "head/psroi_conv3/W";
  return d;
}

Distribution OfGamma(absl::string_view name) {
  const bool first = absl::StrContains(name, "_a/");
  if (absl::EndsWith(name, "bn4/gamma") ||
      (absl::EndsWith(name, "bn3/gamma") && first)) {
    return {0.75f, 0.25f};
  }
  if (absl::EndsWith(name, "bn3/gamma")) return {0.28125f, 0.09375f};
  return {1.0f, 0.25f};
}

Distribution Of(absl::string_view name, const Shape& shape) {
  if (absl::EndsWith(name, "/W")) return OfKernel(name, shape);
  if (absl::EndsWith(name, "/gamma")) return OfGamma(name);
  if (absl::EndsWith(name, "/beta")) return {-0.125f, 0.25f};
  if (absl::EndsWith(name, "/avg_mean")) return {0.0f, 0.125f};
  if (absl::EndsWith(name, "/avg_var")) return {1.0f, 0.5f};
  if (name == "rpn/conv1/b" || name == "head/psroi_conv1/b") {
    return {-0.25f, 0.25f};
  }
  return {0.0f, 0.0625f};
}

}  // namespace

Tensor DeterministicTensor(absl::string_view name, const Shape& shape,
                           uint64_t seed) {
  const Distribution d = Of(name, shape);
  const uint64_t key = RngKey(name, seed);
  Tensor t(shape);
  float* const values = t.mutable_data<float>();
  constexpr int64_t kGrain = 1 << 16;  // even: pairs stay together
  ParallelForEach(t.num_elements(), kGrain, [&](int64_t i) {
    if (d.paired) {
      const float v = d.spread * RngSymmetric(key, i / 2);
      values[i] = i % 2 == 0 ? v : -v;
    } else {
      const float product = d.spread * RngSymmetric(key, i);
      values[i] = d.centre + product;
    }
  });
  return t;
}

Weights DeterministicWeights(const ModelConfig& config, uint64_t seed) {
  Weights weights;
  weights.config = config;
  weights.source = absl::StrCat("untrained weights (seed ", seed, ")");
  for (const TensorSpec& spec : ExpectedTensors(config)) {
    weights.tensors[spec.name] =
        DeterministicTensor(spec.name, spec.shape, seed);
  }
  return weights;
}

}  // namespace fcis::model
