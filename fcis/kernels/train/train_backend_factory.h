// Training backends by name.
#ifndef FCIS_KERNELS_TRAIN_TRAIN_BACKEND_FACTORY_H_
#define FCIS_KERNELS_TRAIN_TRAIN_BACKEND_FACTORY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// name: "cpu", "cuda" or "ref" (f32 only; the oracle). Precisions and errors as
// in MakeBackend. algorithm: of cpu, of all passes of its convolutions.
absl::StatusOr<std::unique_ptr<TrainBackend>> MakeTrainBackend(
    absl::string_view name, Precision precision,
    ConvAlgorithm algorithm = ConvAlgorithm::kAuto);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_TRAIN_BACKEND_FACTORY_H_
