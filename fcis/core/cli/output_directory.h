// Where a program's results go.
#ifndef FCIS_CORE_CLI_OUTPUT_DIRECTORY_H_
#define FCIS_CORE_CLI_OUTPUT_DIRECTORY_H_

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

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
// writable, and it must not be one itself; OK for a pipe or a device, and for
// "", which is no file.
absl::Status CheckOutputFile(const absl::Flag<std::string>& flag);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_OUTPUT_DIRECTORY_H_
