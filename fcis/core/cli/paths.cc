#include "fcis/core/cli/paths.h"

#include <glob.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;

// Bazel's name of this workspace, as in WORKSPACE.
constexpr char kWorkspace[] = "fcis";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

fs::path ProgramPath() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

bool IsInstalled() {
  return absl::StartsWith(ProgramPath().filename().string(), "fcis-");
}

}  // namespace

std::string WorkingDirectory() {
  const std::string directory = Environment("BUILD_WORKING_DIRECTORY");
  if (!directory.empty()) return directory;
  std::error_code error;
  return fs::current_path(error).string();
}

std::string ResolvePath(absl::string_view path) {
  if (path.empty()) return "";
  const std::string home = Environment("HOME");
  if ((path == "~" || absl::StartsWith(path, "~/")) && !home.empty()) {
    return absl::StrCat(home, path.substr(1));
  }
  return (fs::path(WorkingDirectory()) / std::string(path))
      .lexically_normal()
      .string();
}

absl::StatusOr<std::vector<std::string>> ExpandGlob(absl::string_view pattern) {
  const std::string resolved = ResolvePath(pattern);
  if (Exists(resolved)) return std::vector<std::string>{resolved};
  glob_t matches = {};
  const int result = glob(resolved.c_str(), 0, nullptr, &matches);
  std::vector<std::string> paths(matches.gl_pathv,
                                 matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  if (result != 0 && result != GLOB_NOMATCH) {
    return absl::InternalError(absl::StrCat(pattern, ": cannot be searched"));
  }
  if (paths.empty()) {
    return absl::NotFoundError(
        absl::StrCat(pattern, ": no such file (", resolved, ")"));
  }
  return paths;
}

absl::StatusOr<std::string> FindInstalled(absl::string_view path) {
  const fs::path program = ProgramPath();
  const fs::path found =
      program.parent_path().parent_path() / std::string(path);
  if (IsInstalled() && Exists(found.string())) return found.string();
  return absl::NotFoundError(absl::StrCat(
      path, ": not found in what ", program.string(), " was installed with"));
}

absl::StatusOr<std::string> FindRunfile(absl::string_view path) {
  absl::StatusOr<std::string> installed =
      FindInstalled(absl::StrCat("share/", path));
  if (installed.ok()) return installed;
  std::vector<std::string> roots = {Environment("RUNFILES_DIR"),
                                    Environment("TEST_SRCDIR")};
  const std::string program = ProgramPath().string();
  if (!program.empty()) roots.push_back(absl::StrCat(program, ".runfiles"));
  for (const std::string& root : roots) {
    const std::string candidate =
        absl::StrCat(root, "/", kWorkspace, "/", path);
    if (!root.empty() && Exists(candidate)) return candidate;
  }
  return absl::NotFoundError(
      absl::StrCat(path, ": not found; it is built into ", program,
                   ".runfiles, which a copied program leaves behind"));
}

std::string CommandOf(absl::string_view label, int processes) {
  const std::string mpiexec =
      processes > 1 ? absl::StrCat("mpiexec -n ", processes) : "";
  if (!IsInstalled()) {
    return absl::StrCat(
        "bazel run ",
        mpiexec.empty() ? "" : absl::StrCat("--run_under='", mpiexec, "' "),
        label, " --");
  }
  const absl::string_view name = label.substr(label.find(':') + 1);
  return absl::StrCat(
      mpiexec.empty() ? "" : absl::StrCat("fcis-", mpiexec, " "), "fcis-",
      absl::StrReplaceAll(name, {{"_", "-"}}));
}

}  // namespace fcis
