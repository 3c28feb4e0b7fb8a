// Which pictures a run trains on.
#ifndef FCIS_TRAIN_MAIN_TRAINING_DATA_H_
#define FCIS_TRAIN_MAIN_TRAINING_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/coco/record_problems.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::train {

struct TrainingDataChoice {
  std::string ann_file, image_dir;  // one data set, or both "" ...
  std::string data_dir;  // ... then the recipe's scenes, or COCO here
  data::BadAnnotationPolicy bad_annotations;
};

struct TrainingData {
  std::unique_ptr<data::TrainingSet> set;
  std::string statement;  // what it is, and what was left out of it
};

// Errors: those of CocoSet; when COCO is not there, the command that fetches
// it.
absl::StatusOr<TrainingData> OpenTrainingData(const TrainingDataChoice& choice,
                                              const TrainConfig& config,
                                              const InputConfig& input);

// Gives the model the data set's classes. Those that the preset has already
// keep their ids; else the id is the label.
void SetClasses(const std::vector<std::string>& names, ModelConfig* model);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_TRAINING_DATA_H_
