// Where a run's weights come from.
#ifndef FCIS_TRAIN_MAIN_TRAINING_INIT_H_
#define FCIS_TRAIN_MAIN_TRAINING_INIT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/model/weights/weights.h"

namespace fcis::train {

struct TrainingInit {
  model::Weights weights;
  std::string statement;  // what was taken from where, and what was dropped
  std::string digest;     // WeightsDigest of the file's tensors; "": no file
};

// init: "scratch"; "embedded", the model within the program; a file: a model, a
// checkpoint (both are made to fit other classes: FitClassRows) or a backbone
// in the naming of chainer, chainercv, torchvision or MXNet; else the name of a
// published one, which `fetch` brings. What the file lacks is random, by
// `seed`; only the heads may lack. Errors name the file and what it is: of
// another program (and how to convert it), a ResNet of another depth or width,
// or another network; and some of its tensors.
absl::StatusOr<TrainingInit> MakeTrainingInit(
    absl::string_view init, const ModelConfig& model, uint64_t seed,
    const std::function<absl::StatusOr<std::string>(absl::string_view name)>&
        fetch);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_TRAINING_INIT_H_
