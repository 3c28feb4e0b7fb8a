#include "fcis/core/cli/output_directory.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;

std::string UnusedName(const std::string& path) {
  std::string name = path;
  for (int n = 2; FileExists(name); ++n) name = absl::StrCat(path, "_", n);
  return name;
}

// Whether what is written there is added to something: a pipe, a device, or
// where standard output or error goes.
bool IsStream(const fs::path& path) {
  std::error_code error;
  return fs::is_other(path, error) ||
         fs::equivalent(path, "/dev/stdout", error) ||
         fs::equivalent(path, "/dev/stderr", error);
}

// Without links, as far as it is there; "" of none.
fs::path RealPath(absl::string_view name) {
  std::error_code error;
  return name.empty() ? fs::path()
                      : fs::weakly_canonical(ResolvePath(name), error);
}

}  // namespace

absl::StatusOr<std::string> MakeOutputDirectory(absl::string_view out,
                                                absl::string_view program,
                                                absl::Time now) {
  std::string directory = ResolvePath(out);
  if (out.empty()) {
    directory = UnusedName(ResolvePath(absl::StrCat(
        program, "/",
        absl::FormatTime("%Y%m%d_%H%M%S", now, absl::LocalTimeZone()))));
  }
  RETURN_IF_ERROR(MakeDirectories(directory));
  if (access(directory.c_str(), W_OK) == 0) return directory;
  return absl::PermissionDeniedError(
      absl::StrCat("cannot write to the directory ", directory));
}

absl::Status CheckKeepsInput(absl::string_view in, absl::string_view out) {
  std::error_code error;
  if (!fs::equivalent(ResolvePath(in), ResolvePath(out), error)) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat(
      out, " would replace what it is made of; expected another name"));
}

absl::Status CheckOutputFile(const absl::Flag<std::string>& flag,
                             absl::string_view made) {
  const fs::path file = ResolvePath(absl::GetFlag(flag));
  std::error_code error;
  if (file.empty() || IsStream(file)) return absl::OkStatus();
  const auto failed = [&](absl::string_view reason) {
    return absl::FailedPreconditionError(
        absl::StrCat("--", absl::GetFlagReflectionHandle(flag).Name(), " ",
                     file.string(), " cannot be written: ", reason));
  };
  if (fs::is_directory(file, error)) return failed("it is a directory");
  const std::string parent = file.parent_path().string();
  if (!fs::is_directory(parent, error)) {
    // With or without a slash at its end.
    if (!made.empty() && RealPath(made) / "" == RealPath(parent) / "") {
      return absl::OkStatus();
    }
    return failed(absl::StrCat("there is no directory ", parent));
  }
  if (access(parent.c_str(), W_OK) == 0) return absl::OkStatus();
  return failed(absl::StrCat("nothing can be written to ", parent));
}

absl::Status CheckOutputFiles(
    absl::Span<const absl::Flag<std::string>* const> outputs,
    std::vector<TakenFile> taken, absl::string_view made) {
  for (const absl::Flag<std::string>* output : outputs) {
    RETURN_IF_ERROR(CheckOutputFile(*output, made));
    const std::string path = absl::GetFlag(*output);
    if (path.empty() || IsStream(ResolvePath(path))) continue;
    const std::string flag =
        absl::StrCat("--", absl::GetFlagReflectionHandle(*output).Name());
    for (const TakenFile& other : taken) {
      if (RealPath(other.path) != RealPath(path)) continue;
      return UsageError(absl::StrCat(other.what, " and ", flag,
                                     " are the same file, ",
                                     ResolvePath(path)));
    }
    taken.push_back({flag, path});
  }
  return absl::OkStatus();
}

}  // namespace fcis
