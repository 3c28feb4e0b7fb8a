// The checkpoints of a run directory: the last few, and the best one.
#ifndef FCIS_TRAIN_CHECKPOINT_CHECKPOINT_STORE_H_
#define FCIS_TRAIN_CHECKPOINT_CHECKPOINT_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/train/checkpoint/checkpoint.h"

namespace fcis::train {

// The best checkpoint's name, and what made it the best.
inline constexpr char kBestCheckpoint[] = "best.safetensors";
inline constexpr char kBestRecord[] = "best.json";

struct BestCheckpoint {
  int64_t iteration = 0;
  double ap = 0;
  uint64_t validation = 0;  // a hash of the validation set; 0: not known
  // Iterations of the validations after it, ascending; none had a higher AP.
  std::vector<int64_t> later = {};
};

// Paths of the directory's checkpoints, the newest (highest iteration) first;
// empty when there is none. Errors: no such directory.
absl::StatusOr<std::vector<std::string>> ListCheckpoints(
    const std::string& directory);

// Writes it under its name (CheckpointName) and returns the path.
absl::StatusOr<std::string> WriteCheckpoint(const std::string& directory,
                                            const Checkpoint& checkpoint);

struct FoundCheckpoint {
  Checkpoint checkpoint;
  std::string path;
  // One line for each newer checkpoint that cannot be used, with the reason.
  std::vector<std::string> warnings;
};

// `path` is a checkpoint, or a directory of which the newest sound one is read.
// Errors: NOT_FOUND when the directory holds none; DATA_LOSS when none of them,
// or not the one asked for, is sound.
absl::StatusOr<FoundCheckpoint> FindCheckpoint(const std::string& path);

// Removes all but the newest `keep_last` checkpoints (0: all are kept) and what
// a killed writer left behind. best.safetensors stays. Only the process that
// writes the checkpoints may call.
absl::Status PruneCheckpoints(const std::string& directory, int keep_last);

// Renames the file to "<path>.set_aside"; OK when there is none.
absl::Status SetAside(const std::string& path);

// For a run that goes on from an older checkpoint: renames the newer ones to
// "<name>.set_aside", so that the next resume does not take up what this run
// left. Returns their new paths.
absl::StatusOr<std::vector<std::string>> SetAsideNewer(
    const std::string& directory, int64_t iteration);

// What best.json says; nothing when there is none.
absl::StatusOr<std::optional<BestCheckpoint>> ReadBest(
    const std::string& directory);

// For a run that goes on after `iteration`: sets best.safetensors and best.json
// aside when they are of a later iteration, or when their validation set is not
// `validation` (0: there is none now, which changes nothing). Returns a line
// that says so, or "" when they stay or there are none. When they stay, later
// validations than `iteration` are forgotten.
absl::StatusOr<std::string> SetAsideBest(const std::string& directory,
                                         int64_t iteration,
                                         uint64_t validation);

// Keeps the checkpoint of `candidate.iteration` as best.safetensors when its AP
// is higher than the best one's so far; returns whether it is. Else it is one
// of the best one's `later`. AP is a number (NaN is an error).
absl::StatusOr<bool> KeepIfBest(const std::string& directory,
                                const BestCheckpoint& candidate);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_CHECKPOINT_CHECKPOINT_STORE_H_
