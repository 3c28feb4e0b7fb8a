// The flag --threads.
#ifndef FCIS_CORE_CLI_THREADS_FLAG_H_
#define FCIS_CORE_CLI_THREADS_FLAG_H_

#include "absl/status/status.h"

namespace fcis {

// OK when --threads is 0 (the default number, default_threads.h) or more; else
// a UsageError.
absl::Status CheckThreadsFlag();

// Makes it the number of threads (SetNumThreads). Errors as above.
absl::Status SetThreadsFromFlag();

}  // namespace fcis

#endif  // FCIS_CORE_CLI_THREADS_FLAG_H_
