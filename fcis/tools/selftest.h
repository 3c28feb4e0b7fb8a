// Known answers for a backend on the machine it runs on: what a small network
// makes of a made-up picture, compared with the plain loops of `ref`.
#ifndef FCIS_TOOLS_SELFTEST_H_
#define FCIS_TOOLS_SELFTEST_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/kernels/backend.h"

namespace fcis::tools {

// The small network of the tests; its input is min_size x max_size pixels.
absl::StatusOr<ModelConfig> SelfTestModel();

// A detection on a backend "check:A,B", which compares every result of every
// op. Errors: the first that diverges; what the backend says.
absl::Status SelfTestDetection(kernels::Backend* checked);

struct SelfTestResult {
  std::string name;  // "detection, bf16"
  absl::Status status;
  double seconds = 0;
};

// Runs `test` and takes its time.
SelfTestResult TimedSelfTest(std::string name,
                             const std::function<absl::Status()>& test);

// SelfTestDetection on "cpu", "cuda" or "ref", in f32 and, where the device
// multiplies them in hardware, in bf16 and fp16. A few seconds.
std::vector<SelfTestResult> RunDetectionTests(absl::string_view device);

// RunDetectionTests, unless `marker` says that this program's
// version passed before on this machine; a file of that name is written when
// they pass. For the first use of a device. Returns whether anything was run.
// Errors: the first test that failed; a marker that cannot be written is none.
absl::StatusOr<bool> SelfTestOnce(absl::string_view device,
                                  const std::string& marker);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SELFTEST_H_
