// Recipes: TrainConfigs by name or from files.
#ifndef FCIS_TRAIN_CONFIG_RECIPES_H_
#define FCIS_TRAIN_CONFIG_RECIPES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::train {

// "chainer_fcis", ... in a fixed order.
std::vector<std::string> RecipeNames();

// The recipe of that name, or else the TrainConfig in the file of that name
// (text form), checked; ResolveFiles is done with the file's folder. Errors:
// neither (the names are listed); the file, line and column of what cannot be
// read.
absl::StatusOr<TrainConfig> Recipe(const std::string& name_or_path);

// Makes the files that `config` names absolute; relative ones are in `folder`.
// `model` names a file unless a preset is called so; `init` when a ".", "/" or
// "~" is in it.
void ResolveFiles(const std::string& folder, TrainConfig* config);

// The model that a recipe names: a preset, or the ModelConfig in the file of
// that name (text form), checked; it may have no classes. Without a name of its
// own it is called as the file is. Errors as of Recipe.
absl::StatusOr<ModelConfig> ModelOf(const TrainConfig& config);

// OK when every number is in its range; else an error naming the first field
// that is not, what it is, and what was expected.
absl::Status CheckTrainConfig(const TrainConfig& config);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_CONFIG_RECIPES_H_
