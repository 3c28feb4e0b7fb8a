// Known answers for training on the machine it runs on: a step of a small
// network, compared with the plain loops of `ref`.
#ifndef FCIS_TOOLS_TRAIN_SELFTEST_H_
#define FCIS_TOOLS_TRAIN_SELFTEST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/tools/selftest.h"

namespace fcis::tools {

// Compares losses and all gradients. Errors: the first that differs by more
// than rounding explains, with both values; what the backend says. `tested` is
// an f32 backend.
absl::Status SelfTestTraining(kernels::TrainBackend* tested);

// SelfTestTraining on "cpu", "cuda" or "ref".
SelfTestResult RunTrainingTest(absl::string_view device);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_TRAIN_SELFTEST_H_
