// The objects that a training picture is known to show.
#ifndef FCIS_DATA_TRANSFORM_INSTANCES_H_
#define FCIS_DATA_TRANSFORM_INSTANCES_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/image.h"

namespace fcis::data {

// Instances in pixels of their picture: one box, label (1 ..) and mask each.
struct Instances {
  std::vector<Box> boxes;
  std::vector<int> labels;
  std::vector<std::vector<uint8_t>> masks;  // [height][width], 0 or 1
  // [height][width], 1 where something is that is neither labelled nor
  // background: crowds, and what the annotations mark as ignored. Empty:
  // nowhere.
  std::vector<uint8_t> ignored;

  size_t size() const { return boxes.size(); }
  void Add(const Box& box, int label, std::vector<uint8_t> mask) {
    boxes.push_back(box);
    labels.push_back(label);
    masks.push_back(std::move(mask));
  }
  // Adds to `ignored` the pixels of a mask of the same size.
  void Ignore(const std::vector<uint8_t>& mask) {
    ignored.resize(mask.size());
    for (size_t i = 0; i < mask.size(); ++i) {
      ignored[i] = static_cast<uint8_t>(ignored[i] | mask[i]);
    }
  }
};

struct LabelledImage {
  Image image;
  Instances instances;
};

// Of a mask [height][width] of 0 and 1: the smallest box around the 1s; empty,
// all 0, without any.
PixelBox MaskExtent(const std::vector<uint8_t>& mask, int height, int width);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_INSTANCES_H_
