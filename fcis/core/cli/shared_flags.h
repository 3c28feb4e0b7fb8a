// Flags that several programs have, each defined here and nowhere else. A
// program that has one names it in a group of its Program, and says what it
// means there and what its default is in Program::texts and defaults. Flags of
// data sets, models and devices are beside what they choose.
#ifndef FCIS_CORE_CLI_SHARED_FLAGS_H_
#define FCIS_CORE_CLI_SHARED_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/flags/declare.h"
#include "absl/status/status.h"

ABSL_DECLARE_FLAG(std::string, config);
ABSL_DECLARE_FLAG(int64_t, deterministic_seed);
ABSL_DECLARE_FLAG(std::optional<int>, height);
ABSL_DECLARE_FLAG(std::string, imgdir);
ABSL_DECLARE_FLAG(bool, list);
ABSL_DECLARE_FLAG(std::string, out);
ABSL_DECLARE_FLAG(std::string, output_json);
ABSL_DECLARE_FLAG(std::string, preset);
ABSL_DECLARE_FLAG(int, repeats);
ABSL_DECLARE_FLAG(uint64_t, seed);
ABSL_DECLARE_FLAG(int, threads);
ABSL_DECLARE_FLAG(std::optional<int>, width);

namespace fcis {

// OK when --threads is 0 (the default number, default_threads.h) or more; else
// a UsageError.
absl::Status CheckThreadsFlag();

// Makes it the number of threads (SetNumThreads). Errors as above.
absl::Status SetThreadsFromFlag();

}  // namespace fcis

#endif  // FCIS_CORE_CLI_SHARED_FLAGS_H_
