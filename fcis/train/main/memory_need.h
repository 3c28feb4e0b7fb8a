// What memory a training will take, known before it begins.
#ifndef FCIS_TRAIN_MAIN_MEMORY_NEED_H_
#define FCIS_TRAIN_MAIN_MEMORY_NEED_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/kernels/backend.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

// Prepared pictures that go through the network together.
struct PicturesTogether {
  int64_t count = 1;
  int64_t height = 0, width = 0;
};

// By a few pictures of the set, those of them that are largest. Where not all
// are of one size, or the recipe changes sizes at random, a batch goes through
// in parts, of which one picture is the least.
PicturesTogether LargestTogether(const data::TrainingSet& set,
                                 const InputConfig& input,
                                 const TrainConfig& recipe);

// Bytes of one process, beside those that it has before weights are read.
struct MemoryNeed {
  // Of the trained weights: values, gradients, moments and averages, and as
  // each pass reads them; of all: as they began.
  int64_t weights = 0;
  // What the passes leave for each other and what is kept for the next ones.
  int64_t maps = 0;
  // Copies of weights, moments and averages while a checkpoint is written.
  int64_t saving = 0;
  int64_t pictures = 0;  // a batch, and those prepared ahead
  int64_t total() const;
};

// `maps`: the type of feature maps (Backend::activation_type).
MemoryNeed NeedOf(const TrainConfig& recipe, const ModelConfig& model,
                  const PicturesTogether& together, DType maps, int prefetch);

// ResourceExhausted where the process may not even have three quarters of it,
// the least that the estimate may turn out to be (CheckMemory); it says what of
// it is what, and which flags make it less. Where it may have that, but not the
// most that it may turn out to be, the same as a warning, "maybe not enough
// memory: ..."; else "". "" too where the backend computes elsewhere than in
// the host's memory.
absl::StatusOr<std::string> CheckTrainingMemory(
    const TrainerOptions& options, const ModelConfig& model,
    const data::TrainingSet& set, const kernels::Backend& backend);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_MEMORY_NEED_H_
