// Scores a model during training: fcis/eval/predict and COCOeval over a
// validation set.
#ifndef FCIS_TRAIN_MAIN_VALIDATOR_H_
#define FCIS_TRAIN_MAIN_VALIDATOR_H_

#include <string>

#include "fcis/core/comm/communicator.h"
#include "fcis/kernels/backend.h"
#include "fcis/train/trainer/trainer.h"

namespace fcis {

// Mask AP@[.5:.95] over the pictures of the annotations, shared among the
// processes. Detections and scores stay in <run>/validation_<iteration>.
// `backend` and `job` outlive the validator.
Validator MakeValidator(const std::string& ann_file,
                        const std::string& image_dir, Backend* backend,
                        Communicator* job);

}  // namespace fcis

#endif  // FCIS_TRAIN_MAIN_VALIDATOR_H_
