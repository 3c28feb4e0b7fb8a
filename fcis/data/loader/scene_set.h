// Painted scenes to train on, painted when they are asked for.
#ifndef FCIS_DATA_LOADER_SCENE_SET_H_
#define FCIS_DATA_LOADER_SCENE_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/data/loader/training_set.h"

namespace fcis::data {

class SceneSet : public TrainingSet {
 public:
  // Scenes 0 .. count - 1 (count >= 1) of the seed, height x width (>= 32)
  // each; labels 1 to 8 by kShapeNames. The same scenes that WriteSceneDataset
  // writes, before JPEG touches them.
  SceneSet(uint64_t seed, int64_t count, int height, int width);

  const std::vector<std::string>& class_names() const override {
    return class_names_;
  }
  int64_t size() const override { return count_; }
  bool IsPortrait(int64_t) const override { return height_ > width_; }
  // "scene 12 of seed 3".
  std::string ImageId(int64_t index) const override;
  absl::StatusOr<LabelledImage> Get(int64_t index) const override;

 private:
  const uint64_t seed_;
  const int64_t count_;
  const int height_, width_;
  const std::vector<std::string> class_names_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_SCENE_SET_H_
