// Skips a test program as a whole, and is counted so: after a GTEST_SKIP in an
// Environment GoogleTest reports every case as run and passed.
#ifndef FCIS_CORE_TESTING_SKIP_PROGRAM_H_
#define FCIS_CORE_TESTING_SKIP_PROGRAM_H_

#include "absl/strings/string_view.h"

namespace fcis {

// Prints the reason, reports one skipped case in the file that Bazel wants
// ($XML_OUTPUT_FILE), and exits with 0.
[[noreturn]] void SkipProgram(absl::string_view reason);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_SKIP_PROGRAM_H_
