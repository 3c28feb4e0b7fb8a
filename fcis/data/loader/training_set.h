// An indexed source of pictures with known instances, to train on.
#ifndef FCIS_DATA_LOADER_TRAINING_SET_H_
#define FCIS_DATA_LOADER_TRAINING_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/data/transform/instances.h"

namespace fcis {

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
  // Reads or paints the picture; at least one instance. Errors name the file
  // and the picture's id.
  virtual absl::StatusOr<LabelledImage> Get(int64_t index) const = 0;
};

}  // namespace fcis

#endif  // FCIS_DATA_LOADER_TRAINING_SET_H_
