// Where a program's results go.
#ifndef FCIS_CORE_CLI_OUTPUT_DIRECTORY_H_
#define FCIS_CORE_CLI_OUTPUT_DIRECTORY_H_

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace fcis {

// The absolute path of `out`, created if need be; for "" a new directory
// `<program>/<YYYYMMDD_HHMMSS>` (local time) under the user's working
// directory. Errors: cannot be created or written to, or is a file.
absl::StatusOr<std::string> MakeOutputDirectory(absl::string_view out,
                                                absl::string_view program,
                                                absl::Time now);

// A UsageError if the result would take the place of the file that it is made
// of, by whatever name. Both as the user wrote them.
absl::Status CheckKeepsInput(absl::string_view in, absl::string_view out);

// Before work whose result goes to the file that the flag names: an error, with
// flag and path, if it could not be written. Its directory must be there and
// writable, or be `made`, which the program makes before; it must not be one
// itself; OK for a pipe, a device or /dev/stdout, and for "", which is no file.
absl::Status CheckOutputFile(const absl::Flag<std::string>& flag,
                             absl::string_view made = "");

// A file that is read, or written otherwise: "--results", its path.
struct TakenFile {
  std::string what, path;  // "": none
};

// The same of several, which must be files of their own, and none of `taken`.
absl::Status CheckOutputFiles(
    absl::Span<const absl::Flag<std::string>* const> outputs,
    std::vector<TakenFile> taken, absl::string_view made = "");

}  // namespace fcis

#endif  // FCIS_CORE_CLI_OUTPUT_DIRECTORY_H_
