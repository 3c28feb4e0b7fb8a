// Painted scenes as a data set in COCO's format.
#ifndef FCIS_DATA_SYNTH_SCENE_DATASET_H_
#define FCIS_DATA_SYNTH_SCENE_DATASET_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace fcis::data {

struct SceneDatasetOptions {
  int images = 0;
  int height = 256, width = 320;
  uint64_t seed = 0;
};

// Writes directory/images/000000000001.jpg, ... and, last of all,
// directory/annotations.json: categories 1 to 8 by kShapeNames, picture i the
// scene number i - 1 of the seed. Pictures are painted on NumThreads() threads;
// `done` is called, from any thread, with the number finished so far. Errors
// name the file; what is written stays.
absl::Status WriteSceneDataset(const std::string& directory,
                               const SceneDatasetOptions& options,
                               const std::function<void(int64_t)>& done);

}  // namespace fcis::data

#endif  // FCIS_DATA_SYNTH_SCENE_DATASET_H_
