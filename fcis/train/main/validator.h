// Scores a model during training: fcis/eval/predict and COCOeval over a
// validation set.
#ifndef FCIS_TRAIN_MAIN_VALIDATOR_H_
#define FCIS_TRAIN_MAIN_VALIDATOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/kernels/backend.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

// In a finished run's directory: predictions beside truth.
inline constexpr char kValidationPicture[] = "validation.jpg";

// What is shown of the validation that the model of a finished run had.
struct ValidationReport {
  // Its AP, AP50 and AP75, and those of each class unless there are many;
  // lines.
  std::string table;
  std::string picture;  // predictions beside truth, a file; "": there is none
  // Where precision and recall are balanced best (F1); -1: nothing was found.
  double score_thresh = -1;
  double overconfidence = 0;  // of the scores, in logits (calibration.h)
  std::vector<std::string> problems;  // why pictures are not shown
};

struct OpenedValidator {
  Validator validate;
  int64_t pictures = 0;
  // Of what `validate` left in `run`, at the iteration, in any process of the
  // run; writes the picture there. Called by rank 0 alone. Errors: there are no
  // such detections; the picture cannot be written.
  std::function<absl::StatusOr<ValidationReport>(int64_t iteration,
                                                 const std::string& run)>
      report;
  uint64_t contents = 0;  // a hash of the annotations
  // Which classes are scored, what is left out of the set, and what is odd in
  // it.
  std::vector<std::string> statement;
};

// Reads and checks the annotations, under --bad_annotations, and the pictures,
// of which each process reads its share. The validator keeps what it read, so
// that a file that is replaced later changes nothing. All pictures are scored,
// shared among the processes; detections stay in <run>/validation_<iteration>.
// `backend` and `job` outlive it. Error: all that would fail later, listed:
// annotations that cannot be read or scored; no class in common with `model`
// (null: not checked) by name and `map`; pictures that are not in `image_dir`,
// are damaged or have another size than the annotations say.
absl::StatusOr<OpenedValidator> OpenValidator(const std::string& ann_file,
                                              const std::string& image_dir,
                                              const ModelConfig* model,
                                              const data::ClassMap& map,
                                              kernels::Backend* backend,
                                              Communicator* job);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_VALIDATOR_H_
