// One file that holds all of a training run: weights, optimiser state and what
// else a bit-for-bit continuation needs. Knows tensors by name, no network.
//
// It is a safetensors file, written so that a reader meets all of it or
// nothing, with a SHA-256 over its contents. With the model's config in
// state[kModelConfigKey] (fcis/model/weights/load.h) it is a model file too:
// LoadWeights takes the averages where there are any, and leaves out what else
// begins with kOptimizerPrefix.
#ifndef FCIS_TRAIN_CHECKPOINT_CHECKPOINT_H_
#define FCIS_TRAIN_CHECKPOINT_CHECKPOINT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::train {

struct Checkpoint {
  // Iterations done; at least 0.
  int64_t iteration = 0;
  // The weights under the reference's names and in its layout; all else under
  // kOptimizerPrefix ("optimizer/momentum/rpn/conv1/W").
  std::map<std::string, Tensor> tensors;
  // Texts: schedule, sampler, config. Keys that begin with "checkpoint." are
  // the file's own (CHECKed).
  std::map<std::string, std::string> state;
};

// "checkpoint_00012000.safetensors".
std::string CheckpointName(int64_t iteration);

// The iteration of such a name; -1 for any other name.
int64_t CheckpointIteration(absl::string_view name);

// Errors name the path (full disk, unwritable directory); nothing is left
// behind then.
absl::Status WriteCheckpointFile(const std::string& path,
                                 const Checkpoint& checkpoint);

// Tensors are views of the mapped file. Errors name the path: missing, or
// DATA_LOSS when it is cut short, a byte of it is damaged, or it is no
// checkpoint.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_CHECKPOINT_CHECKPOINT_H_
