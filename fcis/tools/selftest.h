// Known answers for a backend on the machine it runs on: what a small network
// makes of a made-up picture, compared with the plain loops of `ref`.
#ifndef FCIS_TOOLS_SELFTEST_H_
#define FCIS_TOOLS_SELFTEST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {

// A detection on a backend "check:A,B", which compares every result of every
// op. Errors: the first that diverges; what the backend says.
absl::Status SelfTestDetection(Backend* checked);

// A training step: losses and all gradients. Errors: the first that differs by
// more than rounding explains, with both values; what the backend says. For f32
// backends.
absl::Status SelfTestTraining(TrainBackend* tested);

struct SelfTestResult {
  std::string name;  // "detection, bf16"
  absl::Status status;
  double seconds = 0;
};

// Both, on "cpu", "cuda" or "ref": detection in f32 and, where the device
// multiplies them in hardware, in bf16 and fp16. A few seconds.
std::vector<SelfTestResult> RunSelfTest(absl::string_view device);

// The detections of RunSelfTest, unless `marker` says that this program's
// version passed before on this machine; a file of that name is written when
// they pass. For the first use of a device. Returns whether anything was run.
// Errors: the first test that failed; a marker that cannot be written is none.
absl::StatusOr<bool> SelfTestOnce(absl::string_view device,
                                  const std::string& marker);

}  // namespace fcis

#endif  // FCIS_TOOLS_SELFTEST_H_
