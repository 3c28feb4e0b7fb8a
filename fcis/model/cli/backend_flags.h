// Flags that say what computes: --device, --gpu, --precision, --conv,
// --threads.
#ifndef FCIS_MODEL_CLI_BACKEND_FLAGS_H_
#define FCIS_MODEL_CLI_BACKEND_FLAGS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// Names of the flags, for a help page.
std::vector<std::string> BackendFlagNames();

// What this program can compute with, and what it found of it: lines for
// Program::version_details.
std::string DeviceDetails();

// OK when the flags make sense, whether or not this machine has the device;
// else a UsageError.
absl::Status CheckBackendFlags();

struct DeviceChoice {
  std::string device;  // "auto", "cpu", ...
  kernels::Precision precision = kernels::Precision::kAuto;
  kernels::ConvAlgorithm algorithm = kernels::ConvAlgorithm::kAuto;
};

// Sets the number of threads. Errors: those of CheckBackendFlags.
absl::StatusOr<DeviceChoice> DeviceFromFlags();

// Says that "auto" is the CPU, where only the GPU is missing, not the code for
// it.
void SayWhyNotGpu(const absl::Status& status);

// What make(device, precision, algorithm), such as kernels::MakeBackend, makes
// for the flags; for "auto" on a GPU, else on the CPU. Errors: a UsageError as
// above; a device that this program or machine does not have.
template <typename Make>
auto MakeFromFlags(const Make& make)
    -> decltype(make("", kernels::Precision::kAuto,
                     kernels::ConvAlgorithm::kAuto)) {
  ASSIGN_OR_RETURN(const DeviceChoice choice, DeviceFromFlags());
  const bool any = choice.device == "auto";
  auto made =
      make(any ? "cuda" : choice.device, choice.precision, choice.algorithm);
  if (!any || made.ok()) return made;
  SayWhyNotGpu(made.status());
  return make("cpu", choice.precision, choice.algorithm);
}

// What --precision auto settles for: the fastest that `backend` has for these
// weights and whose outputs are off by no more than --auto_loss. Takes away the
// 8 bits of weights that lose more, or whose loss nobody measured. Returns the
// precision and the reason, as "int8 (the fastest here; off by 3.1 %, at most
// 5.0 % with --auto_loss)"; of another --precision only its name.
std::string SettlePrecision(const kernels::Backend& backend, Weights* weights);

absl::StatusOr<std::unique_ptr<kernels::Backend>> BackendFromFlags();

}  // namespace fcis::model

#endif  // FCIS_MODEL_CLI_BACKEND_FLAGS_H_
