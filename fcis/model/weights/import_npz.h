// Importers of chainer's .npz models: chainer-fcis and chainercv, told apart by
// their names. docs/semantics.md says in which rules they differ.
#ifndef FCIS_MODEL_WEIGHTS_IMPORT_NPZ_H_
#define FCIS_MODEL_WEIGHTS_IMPORT_NPZ_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// What the file's origin demands is set in the config:
//   chainer-fcis  the defaults of fcis.proto
//   chainercv     SetChainercvRules (fcis/core/config/presets.h)
// `config`: replaces what would be inferred from the shapes (InferConfig),
// except for the origin's demands. The batch norms' counters "N" are dropped.
// Errors name the file and each tensor that is missing, extra or misshapen.
absl::StatusOr<Weights> ImportNpz(const std::string& path,
                                  const absl::optional<ModelConfig>& config);

// Writes the tensors under chainer-fcis's names, with a counter "N" of 0 for
// each batch norm, so that chainer.serializers.load_npz reads the file.
absl::Status ExportNpz(const std::string& path, const Weights& weights);

// chainercv's name -> chainer-fcis's; others are returned unchanged.
std::string NameFromChainercv(const std::string& name);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_IMPORT_NPZ_H_
