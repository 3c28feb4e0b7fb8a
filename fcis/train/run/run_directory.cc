#include "fcis/train/run/run_directory.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/append_file.h"
#include "fcis/core/io/file.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "out";
constexpr char kConfig[] = "config.textproto";
constexpr char kStarts[] = "run.jsonl";
constexpr char kLock[] = "run.lock";

std::string Join(const std::string& directory, absl::string_view name) {
  return (fs::path(directory) / std::string(name)).string();
}

absl::Status CheckResume(const RunDirectory::Options& options) {
  if (options.out.empty()) {
    if (!options.resume) return absl::OkStatus();
    return UsageError("which run is to be resumed? Name its directory");
  }
  const std::string path = ResolvePath(options.out);
  const bool holds_run = HoldsRun(path);
  if (options.resume && !holds_run) {
    return UsageError(absl::StrCat(path, " holds no run to resume"));
  }
  if (!options.resume && holds_run) {
    return UsageError(absl::StrCat(
        path, " already holds a run; resume it, or name another directory"));
  }
  return absl::OkStatus();
}

// A run that was just killed may take some seconds to end.
absl::StatusOr<std::unique_ptr<FileLock>> WaitForLock(
    const std::string& directory, absl::Duration patience) {
  const absl::Time deadline = SteadyNow() + patience;
  while (true) {
    ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock,
                     FileLock::TryAcquire(Join(directory, kLock)));
    if (lock != nullptr) return lock;
    if (SteadyNow() >= deadline) {
      return absl::UnavailableError(
          absl::StrCat("another process writes the run in ", directory));
    }
    absl::SleepFor(absl::Milliseconds(100));
  }
}

std::string StartLine(const RunStart& start, absl::Time now) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string line = data::JsonOf([&](auto& json) {
    data::PutObject(json, [&] {
      data::PutMember(
          "time",
          absl::FormatTime(absl::RFC3339_sec, now, absl::LocalTimeZone()),
          json);
      data::PutMember("iteration", start.iteration, json);
      data::PutMember("iterations", start.iterations, json);
      data::PutMember("processes", start.processes, json);
      data::PutMember("host", host, json);
      data::PutMember("pid", getpid(), json);
      data::PutMember("version", start.version, json);
      data::PutMember("working_directory", WorkingDirectory(), json);
      data::PutArray("command_line", start.command_line, json);
    });
  });
  return absl::StrCat(line, "\n");
}

absl::Status WriteConfig(const std::string& directory, const RunStart& start) {
  const std::string path = Join(directory, kConfig);
  const absl::StatusOr<std::string> old = ReadFile(path);
  if (old.ok() && *old == start.config) return absl::OkStatus();
  if (old.ok()) {
    RETURN_IF_ERROR(WriteFileAtomic(
        Join(directory,
             absl::StrCat("config_until_", start.iteration, ".textproto")),
        *old));
  } else if (!absl::IsNotFound(old.status())) {
    return old.status();
  }
  return WriteFileAtomic(path, start.config);
}

absl::Status AppendLine(const std::string& path, const std::string& line) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  ASSIGN_OR_RETURN(const std::unique_ptr<AppendFile> file,
                   AppendFile::Open(path, error ? 0 : size));
  RETURN_IF_ERROR(file->Append(line));
  return file->Sync();
}

}  // namespace

bool HoldsRun(const std::string& directory) {
  return FileExists(Join(directory, kConfig));
}

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::Open(
    const Options& options) {
  RETURN_IF_ERROR(CheckResume(options));
  const bool there =
      !options.out.empty() && FileExists(ResolvePath(options.out));
  ASSIGN_OR_RETURN(std::string path,
                   MakeOutputDirectory(options.out, kProgram, options.now));
  ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock,
                   WaitForLock(path, options.patience));
  // Whoever had the lock until now may have begun one.
  RETURN_IF_ERROR(CheckResume(options));
  return std::unique_ptr<RunDirectory>(
      new RunDirectory(std::move(path), !there, std::move(lock)));
}

absl::Status RunDirectory::RecordStart(const RunStart& start,
                                       absl::Time now) const {
  RETURN_IF_ERROR(AppendLine(Join(path_, kStarts), StartLine(start, now)));
  RETURN_IF_ERROR(WriteRunRecord(path_, start.record));
  // The last one: it makes the directory one that holds a run.
  return WriteConfig(path_, start);
}

absl::Status RunDirectory::WriteNew(const std::string& name,
                                    absl::string_view bytes) {
  const std::string path = Join(path_, name);
  const absl::StatusOr<std::string> old = ReadFile(path);
  if (old.ok() && *old == bytes) return absl::OkStatus();
  if (old.ok()) {
    return absl::AlreadyExistsError(absl::StrCat(
        path, " is there already and is not this run's; name another directory",
        " or move it away"));
  }
  if (!absl::IsNotFound(old.status())) return old.status();
  written_.push_back(name);
  return WriteFileAtomic(path, bytes);
}

void RunDirectory::Abandon() {
  if (HoldsRun(path_)) return;
  std::error_code error;
  for (const std::string& name : written_) fs::remove(Join(path_, name), error);
  if (!made_) return;
  fs::remove(Join(path_, kLock), error);
  fs::remove(path_, error);  // unless something is in it
}

}  // namespace fcis::train
