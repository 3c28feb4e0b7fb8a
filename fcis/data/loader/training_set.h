// An indexed source of pictures with known instances, to train on.
#ifndef FCIS_DATA_LOADER_TRAINING_SET_H_
#define FCIS_DATA_LOADER_TRAINING_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {

// A box of COCO's files as one of ours: rounded to float before the sum, as
// numpy does in the reference.
inline Box BoxFromXywh(const XywhBox& box) {
  const float x = static_cast<float>(box.x), y = static_cast<float>(box.y);
  return {x, y, x + static_cast<float>(box.width),
          y + static_cast<float>(box.height)};
}

// What two sets are compared by: a run goes on with the set it began with, and
// all processes of a job have the same one.
struct SetContents {
  std::vector<std::string> classes;   // "3 cat": id and name, by label
  std::vector<std::string> pictures;  // "17 000017.jpg": id and file, by index
  uint64_t objects = 0;               // a hash of labels, boxes and masks
};

// All of it may be called from any number of threads at once.
class TrainingSet {
 public:
  virtual ~TrainingSet() = default;

  // Names of the labels 1, 2, ...: without the background.
  virtual const std::vector<std::string>& class_names() const = 0;
  // Number of pictures, >= 1.
  virtual int64_t size() const = 0;
  // Whether picture `index` (0 .. size - 1) is higher than wide.
  virtual bool IsPortrait(int64_t index) const = 0;
  // A name of the picture for messages.
  virtual std::string ImageId(int64_t index) const = 0;
  // Unless overridden, all that is above.
  virtual SetContents Contents() const {
    SetContents contents;
    contents.classes = class_names();
    for (int64_t i = 0; i < size(); ++i) {
      contents.pictures.push_back(ImageId(i));
    }
    return contents;
  }
  // The labels of its objects, where they are known without reading it; else
  // none.
  virtual std::vector<int> Labels(int64_t) const { return {}; }
  // Reads or paints the picture, which may be without instances. Errors name
  // the file and the picture's id.
  virtual absl::StatusOr<LabelledImage> Get(int64_t index) const = 0;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_TRAINING_SET_H_
