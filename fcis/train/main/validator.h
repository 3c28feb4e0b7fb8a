// Scores a model during training: fcis/eval/predict and COCOeval over a
// validation set.
#ifndef FCIS_TRAIN_MAIN_VALIDATOR_H_
#define FCIS_TRAIN_MAIN_VALIDATOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/kernels/backend.h"
#include "fcis/train/trainer/trainer.h"

namespace fcis {

struct OpenedValidator {
  Validator validate;
  int64_t pictures = 0;
  uint64_t contents = 0;  // a hash of the annotations
  // Which classes are scored, what is left out of the set, and what is odd in
  // it.
  std::vector<std::string> statement;
};

// Reads and checks the annotations, under --bad_annotations, and the pictures,
// of which each process reads its share. The validator keeps what it read, so
// that a file that is replaced later changes nothing. Its value is the mask
// AP@[.5:.95] over all pictures, shared among the processes; detections stay in
// <run>/validation_<iteration>. `backend` and `job` outlive it. Error: all that
// would fail later, listed: annotations that cannot be read or scored; no class
// in common with `model` (null: not checked) by name and `map`; pictures that
// are not in `image_dir`, are damaged or have another size than the annotations
// say.
absl::StatusOr<OpenedValidator> OpenValidator(const std::string& ann_file,
                                              const std::string& image_dir,
                                              const ModelConfig* model,
                                              const ClassMap& map,
                                              Backend* backend,
                                              Communicator* job);

}  // namespace fcis

#endif  // FCIS_TRAIN_MAIN_VALIDATOR_H_
