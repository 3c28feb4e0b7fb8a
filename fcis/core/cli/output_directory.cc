#include "fcis/core/cli/output_directory.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/paths.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;

absl::Status CreateDirectories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot create the directory ",
                                               path, ": ", error.message()));
  }
  if (access(path.c_str(), W_OK) == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("cannot write to the directory ", path));
}

std::string UnusedName(const std::string& path) {
  std::string name = path;
  std::error_code error;
  for (int n = 2; fs::exists(name, error); ++n) {
    name = absl::StrCat(path, "_", n);
  }
  return name;
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
  RETURN_IF_ERROR(CreateDirectories(directory));
  return directory;
}

absl::Status CheckKeepsInput(absl::string_view in, absl::string_view out) {
  std::error_code error;
  if (!fs::equivalent(ResolvePath(in), ResolvePath(out), error)) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat(
      out, " would replace what it is made of; expected another name"));
}

absl::Status CheckOutputFile(const absl::Flag<std::string>& flag) {
  const fs::path file = ResolvePath(absl::GetFlag(flag));
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (file.empty() || fs::is_other(status)) return absl::OkStatus();
  const auto failed = [&](absl::string_view reason) {
    return absl::FailedPreconditionError(
        absl::StrCat("--", absl::GetFlagReflectionHandle(flag).Name(), " ",
                     file.string(), " cannot be written: ", reason));
  };
  if (fs::is_directory(status)) return failed("it is a directory");
  const std::string parent = file.parent_path().string();
  if (!fs::is_directory(parent, error)) {
    return failed(absl::StrCat("there is no directory ", parent));
  }
  if (access(parent.c_str(), W_OK) == 0) return absl::OkStatus();
  return failed(absl::StrCat("nothing can be written to ", parent));
}

}  // namespace fcis
