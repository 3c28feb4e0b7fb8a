// The model that is linked into the programs: small, trained on painted scenes
// (recipe small_scenes; docs/results.md), for where no better one can be had.
#ifndef FCIS_MODEL_EMBEDDED_EMBEDDED_MODEL_H_
#define FCIS_MODEL_EMBEDDED_EMBEDDED_MODEL_H_

#include "absl/status/statusor.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

// Its source is "the embedded model". Never an error in a sound program.
absl::StatusOr<Weights> EmbeddedModel();

}  // namespace fcis

#endif  // FCIS_MODEL_EMBEDDED_EMBEDDED_MODEL_H_
