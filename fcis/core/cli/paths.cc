#include "fcis/core/cli/paths.h"

#include <glob.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;

// Bazel's name of this workspace, as in WORKSPACE.
constexpr char kWorkspace[] = "fcis";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path ProgramPath() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

// Where the files lie that Bazel built the program with, each with a / behind.
std::vector<std::string> RunfilesRoots() {
  std::vector<std::string> roots;
  const std::string program = ProgramPath().string();
  for (const std::string& root :
       {Environment("RUNFILES_DIR"), Environment("TEST_SRCDIR"),
        program.empty() ? "" : absl::StrCat(program, ".runfiles")}) {
    if (!root.empty()) {
      roots.push_back(absl::StrCat(root, "/", kWorkspace, "/"));
    }
  }
  return roots;
}

// Whether a path may go on with it.
bool IsOfPath(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::StrContains("_-./~+@%", c) ||
         static_cast<unsigned char>(c) >= 128;
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
  if (FileExists(resolved)) return std::vector<std::string>{resolved};
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
  if (IsInstalled() && FileExists(found.string())) return found.string();
  return absl::NotFoundError(absl::StrCat(
      path, ": not found in what ", program.string(), " was installed with"));
}

absl::StatusOr<std::string> FindRunfile(absl::string_view path) {
  absl::StatusOr<std::string> installed =
      FindInstalled(absl::StrCat("share/", path));
  if (installed.ok()) return installed;
  for (const std::string& root : RunfilesRoots()) {
    const std::string candidate = absl::StrCat(root, path);
    if (FileExists(candidate)) return candidate;
  }
  return absl::NotFoundError(absl::StrCat(
      path, ": not found; it is built into ", ProgramPath().filename().string(),
      ".runfiles, which a copied program leaves behind"));
}

std::string WithShortPaths(absl::string_view text) {
  std::vector<std::string> roots = RunfilesRoots();
  const std::string here = absl::StrCat(WorkingDirectory(), "/");
  // Longer ones first: one may lie in the other.
  roots.push_back(here);
  absl::c_sort(roots, [](const std::string& a, const std::string& b) {
    return a.size() > b.size();
  });
  std::string out;
  while (!text.empty()) {
    const auto root = absl::c_find_if(roots, [&](const std::string& one) {
      return one.size() > 1 && absl::StartsWith(text, one);
    });
    const bool begins = out.empty() || !IsOfPath(out.back());
    if (begins && root != roots.end()) {
      if (text.size() > root->size() && IsOfPath(text[root->size()])) {
        text.remove_prefix(root->size());
        // "." resolves to a path with a slash at its end.
        while (absl::StartsWith(text, "/")) text.remove_prefix(1);
      } else if (*root == here) {
        out += "./";
        text.remove_prefix(root->size());
        continue;
      }
    }
    out.push_back(text[0]);
    text.remove_prefix(1);
  }
  return out;
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
