// The objects that a training picture is known to show.
#ifndef FCIS_DATA_TRANSFORM_INSTANCES_H_
#define FCIS_DATA_TRANSFORM_INSTANCES_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fcis/core/geometry/box.h"
#include "fcis/core/image/image.h"

namespace fcis {

// Instances in pixels of their picture: one box, label (1 ..) and mask each.
struct Instances {
  std::vector<Box> boxes;
  std::vector<int> labels;
  std::vector<std::vector<uint8_t>> masks;  // [height][width], 0 or 1

  size_t size() const { return boxes.size(); }
  void Add(const Box& box, int label, std::vector<uint8_t> mask) {
    boxes.push_back(box);
    labels.push_back(label);
    masks.push_back(std::move(mask));
  }
};

struct LabelledImage {
  Image image;
  Instances instances;
};

}  // namespace fcis

#endif  // FCIS_DATA_TRANSFORM_INSTANCES_H_
