// A training set for tests that is held in memory.
#ifndef FCIS_DATA_LOADER_TEST_SETS_H_
#define FCIS_DATA_LOADER_TEST_SETS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/loader/training_set.h"

namespace fcis::data {

class MemorySet : public TrainingSet {
 public:
  explicit MemorySet(std::vector<LabelledImage> pictures)
      : pictures_(std::move(pictures)) {}

  const std::vector<std::string>& class_names() const override {
    return class_names_;
  }
  int64_t size() const override {
    return static_cast<int64_t>(pictures_.size());
  }
  bool IsPortrait(int64_t index) const override {
    const Image& image = pictures_[static_cast<size_t>(index)].image;
    return image.height > image.width;
  }
  std::string ImageId(int64_t index) const override {
    return absl::StrCat(index);
  }
  std::vector<int> Labels(int64_t index) const override {
    return pictures_[static_cast<size_t>(index)].instances.labels;
  }
  absl::StatusOr<LabelledImage> Get(int64_t index) const override {
    const LabelledImage& picture = pictures_[static_cast<size_t>(index)];
    if (picture.image.empty()) {
      return absl::NotFoundError(absl::StrCat("picture ", index, " is away"));
    }
    return picture;
  }

 private:
  const std::vector<LabelledImage> pictures_;
  const std::vector<std::string> class_names_ = {"one", "two"};
};

// A picture whose pixel (x, y) is (x, y, blue), with an object that fills the
// box of whole pixels.
inline LabelledImage CoordinatePicture(int height, int width, uint8_t blue,
                                       const Box& box, int label = 1) {
  LabelledImage picture;
  picture.image = Image(height, width);
  std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = picture.image.row(y) + x * 3;
      pixel[0] = static_cast<uint8_t>(x);
      pixel[1] = static_cast<uint8_t>(y);
      pixel[2] = blue;
      mask[static_cast<size_t>(y) * width + x] =
          x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1 ? 1 : 0;
    }
  }
  picture.instances.Add(box, label, std::move(mask));
  return picture;
}

// Pictures of `side` (the short one) stay as they are, with 0 as mean.
inline InputConfig PlainInput(int side) {
  InputConfig input;
  input.set_min_size(side);
  input.set_max_size(4 * side);
  for (int c = 0; c < 3; ++c) input.add_mean(0);
  return input;
}

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_TEST_SETS_H_
