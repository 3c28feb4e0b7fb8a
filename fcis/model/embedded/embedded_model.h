// The model that is linked into the programs: a small one for photographs
// (preset and recipe photos; docs/results.md), for where no better one can be
// had. What it was trained on, and under which licences: NOTICE.
#ifndef FCIS_MODEL_EMBEDDED_EMBEDDED_MODEL_H_
#define FCIS_MODEL_EMBEDDED_EMBEDDED_MODEL_H_

#include "absl/status/statusor.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// Its source is "the embedded model"; its config names its classes. Never an
// error in a sound program.
absl::StatusOr<Weights> EmbeddedModel();

}  // namespace fcis::model

#endif  // FCIS_MODEL_EMBEDDED_EMBEDDED_MODEL_H_
