// Deterministic weights: untrained, but the same bits everywhere, for tests and
// benchmarks. The parity fixtures are made with them (docs/reference.md,
// Sampler and deterministic weights 3).
#ifndef FCIS_MODEL_WEIGHTS_DETERMINISTIC_WEIGHTS_H_
#define FCIS_MODEL_WEIGHTS_DETERMINISTIC_WEIGHTS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// Fills one tensor of that name and shape.
Tensor DeterministicTensor(absl::string_view name, const Shape& shape,
                           uint64_t seed);

// All tensors of the config; `source` says "untrained".
Weights DeterministicWeights(const ModelConfig& config, uint64_t seed);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_DETERMINISTIC_WEIGHTS_H_
