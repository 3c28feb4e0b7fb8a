// The one directory that a training run writes: its config, log, events and
// checkpoints. Opened by rank 0 only; the others are told its path.
//   config.textproto   the config as resolved
//   run.textproto      what the run is of (run_record.h)
//   run.jsonl          one line per start: when, where, command line, version
//   run.lock           held while a process writes the run
//   train.json, val.json   parts of a data set of which pictures were held out
#ifndef FCIS_TRAIN_RUN_RUN_DIRECTORY_H_
#define FCIS_TRAIN_RUN_RUN_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fcis/core/io/file_lock.h"
#include "fcis/train/run/run_record.h"

namespace fcis::train {

// Names of files; the first one is the trained model.
inline constexpr char kModelFile[] = "model.safetensors";
inline constexpr char kTrainPart[] = "train.json";
inline constexpr char kValidationPart[] = "val.json";

// Whether a run was started in this directory.
bool HoldsRun(const std::string& directory);

// One start of the program.
struct RunStart {
  std::vector<std::string> command_line;
  std::string version;
  int processes = 1;
  // Done before, by the checkpoint that it goes on from.
  int64_t iteration = 0;
  // Of the whole run, if nothing ends it before.
  int64_t iterations = 0;
  // Resolved, in text form.
  std::string config;
  RunRecord record;
};

class RunDirectory {
 public:
  struct Options {
    // "" for a new out/<YYYYMMDD_HHMMSS>. Relative to the user's directory.
    std::string out;
    bool resume = false;
    absl::Time now = absl::Now();
    // How long a process that is just ending may keep us waiting.
    absl::Duration patience = absl::Seconds(30);
  };

  // Creates the directory if need be. UsageErrors: a new run in a directory
  // that holds one, a resume without one. Other errors name the path: it cannot
  // be written to, or another process writes the run.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Open(
      const Options& options);

  // Absolute.
  const std::string& path() const { return path_; }

  // Writes run.textproto and config.textproto and adds a line to run.jsonl. A
  // config that differs from the one of an earlier start is kept as
  // config_until_<iteration>.textproto.
  absl::Status RecordStart(const RunStart& start,
                           absl::Time now = absl::Now()) const;

  // Writes a file that Abandon removes again. One of this name that is there
  // already stays if it is the same, else it is an error that names it.
  absl::Status WriteNew(const std::string& name, absl::string_view bytes);

  // Unless something was recorded: removes what this start made, files and the
  // directory. Nothing else may be called afterwards, but the same once more.
  void Abandon();

 private:
  RunDirectory(std::string path, bool made, std::unique_ptr<FileLock> lock)
      : path_(std::move(path)), made_(made), lock_(std::move(lock)) {}

  const std::string path_;
  const bool made_;  // by this start
  std::vector<std::string> written_;
  const std::unique_ptr<FileLock> lock_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_RUN_DIRECTORY_H_
