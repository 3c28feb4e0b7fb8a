// Paths as the user wrote them.
#ifndef FCIS_CORE_CLI_PATHS_H_
#define FCIS_CORE_CLI_PATHS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis {

// The directory that the user stands in: `bazel run` starts a program inside
// its own tree and gives the caller's in BUILD_WORKING_DIRECTORY.
std::string WorkingDirectory();

// `path` as an absolute path: relative ones against WorkingDirectory(), a
// leading "~/" against $HOME (a shell does not expand it within --flag=~/x). ""
// stays "".
std::string ResolvePath(absl::string_view path);

// The file of that name if there is one, else the files that the pattern (*, ?,
// [a-z]) matches, sorted, resolved as above. Errors: no match.
absl::StatusOr<std::vector<std::string>> ExpandGlob(absl::string_view pattern);

// A file or folder of the tree that this program is installed in (release/), by
// its path there: "bin/fcis-train". Errors: not there, or the program is none
// that was installed (fcis-*).
absl::StatusOr<std::string> FindInstalled(absl::string_view path);

// A data file that the program was built with, such as
// "fcis/tools/images/a.jpg": under `bazel run`, `bazel test`, beside the
// program (<program>.runfiles), or in share/ where that is installed. Errors:
// not there.
absl::StatusOr<std::string> FindRunfile(absl::string_view path);

// A text for the user with its paths as short as they can be written: those
// below WorkingDirectory() from there, those of FindRunfile from the workspace.
std::string WithShortPaths(absl::string_view text);

// How the program of a Bazel label is started from a shell, up to its flags:
// "bazel run //fcis/tools:demo --", from an installed program "fcis-demo"; as a
// job of so many processes, under mpiexec.
std::string CommandOf(absl::string_view label, int processes = 1);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_PATHS_H_
