#include "fcis/core/cli/threads_flag.h"

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"

ABSL_FLAG(int, threads, 0,
          "CPU threads; 0 is OMP_NUM_THREADS, else one per available core "
          "(affinity, cgroup quota), which processes that mpiexec started on a "
          "machine share.");

namespace fcis {

absl::Status CheckThreadsFlag() {
  const int threads = absl::GetFlag(FLAGS_threads);
  if (threads >= 0) return absl::OkStatus();
  return UsageError(absl::StrCat("--threads=", threads,
                                 ": expected 0 (the default) or more"));
}

absl::Status SetThreadsFromFlag() {
  RETURN_IF_ERROR(CheckThreadsFlag());
  SetNumThreads(absl::GetFlag(FLAGS_threads));
  return absl::OkStatus();
}

}  // namespace fcis
