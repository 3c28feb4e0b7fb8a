// Exit codes of every fcis program, and the errors that select them.
#ifndef FCIS_CORE_CLI_EXIT_CODE_H_
#define FCIS_CORE_CLI_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis {

enum ExitCodeValue {
  kExitOk = 0,
  kExitRunError = 1,
  kExitUsage = 2,
  kExitVerification = 3,
};

// The command line is wrong: unknown flag, bad value, missing argument.
absl::Status UsageError(absl::string_view message);

// The program ran, and what it was asked to verify does not hold.
absl::Status VerificationError(absl::string_view message);

// kExitOk for OK; the code that the error was made for; else kExitRunError.
int ExitCode(const absl::Status& status);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_EXIT_CODE_H_
