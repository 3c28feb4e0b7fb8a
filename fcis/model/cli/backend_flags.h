// Flags that say what computes: --device, --gpu, --precision, --conv,
// --threads.
#ifndef FCIS_MODEL_CLI_BACKEND_FLAGS_H_
#define FCIS_MODEL_CLI_BACKEND_FLAGS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::model {

// Names of the flags, for a help page.
std::vector<std::string> BackendFlagNames();

// What this program can compute with, and what it found of it: lines for
// Program::version_details.
std::string DeviceDetails();

// OK when the flags make sense, whether or not this machine has the device;
// else a UsageError.
absl::Status CheckBackendFlags();

// Sets the number of threads and makes the backend. Errors: a UsageError as
// above; a device that this program or machine does not have.
absl::StatusOr<std::unique_ptr<kernels::Backend>> BackendFromFlags();

// The same for training.
absl::StatusOr<std::unique_ptr<kernels::TrainBackend>> TrainBackendFromFlags();

}  // namespace fcis::model

#endif  // FCIS_MODEL_CLI_BACKEND_FLAGS_H_
