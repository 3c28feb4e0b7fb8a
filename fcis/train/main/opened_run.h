// The run directory at the start of a job, as all processes know it.
#ifndef FCIS_TRAIN_MAIN_OPENED_RUN_H_
#define FCIS_TRAIN_MAIN_OPENED_RUN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/run/run_directory.h"
#include "fcis/train/run/run_record.h"

namespace fcis::train {

struct OpenedRun {
  std::string path;                         // "" when there is none
  std::unique_ptr<RunDirectory> directory;  // rank 0's; null in the others
  absl::Status opened;  // rank 0's reason why a new run has no directory
  // Of a run that is resumed:
  std::optional<TrainConfig> recipe;  // none: a new run
  std::optional<RunRecord> record;    // none: an earlier version's run
  int64_t newest = 0;  // iteration of the newest checkpoint; 0: there is none
};

// All processes call it. Rank 0 opens the directory, and holds it, and tells
// the others what is in it. Errors, by rank 0 alone (the others wait until its
// end ends them): those of RunDirectory::Open, unless they are about a new
// directory that cannot be had (`opened`); a damaged recipe or record.
absl::StatusOr<OpenedRun> OpenRun(const std::string& out, bool resume,
                                  Communicator* job);

// What a resume goes on from: `resume_from`, or for "" the newest sound
// checkpoint of the run; nothing when the run has none. Errors as
// FindCheckpoint.
absl::StatusOr<std::optional<FoundCheckpoint>> FindStart(
    const OpenedRun& run, const std::string& resume_from);

// Whether the checkpoint is of this model and seed. Error: classes of other
// names, ids or order, or another seed, a line each. `remarks` gets a line for
// each other difference of the models.
absl::Status CheckCheckpoint(const FoundCheckpoint& found,
                             const ModelConfig& model, uint64_t seed,
                             std::vector<std::string>* remarks);

// Whether nothing is left of `iterations`: the newest checkpoint has reached
// them, and the model was made from it.
bool IsFinished(const OpenedRun& run, int64_t iterations);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_OPENED_RUN_H_
