// A mask as COCO's files have it.
#ifndef FCIS_DATA_COCO_PUT_MASK_H_
#define FCIS_DATA_COCO_PUT_MASK_H_

#include <array>

#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_string.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::data {

// The members "bbox": [x, y, width, height] and "segmentation": {"size":
// [height, width], "counts": compressed}, through rapidjson's writer `json`.
template <typename Writer>
void PutBox(const XywhBox& box, Writer& json) {
  PutArray("bbox", std::array<double, 4>{box.x, box.y, box.width, box.height},
           json);
}
template <typename Writer>
void PutMask(const Rle& mask, Writer& json) {
  PutObject("segmentation", json, [&] {
    PutArray("size", std::array<int, 2>{mask.height, mask.width}, json);
    PutMember("counts", RleCountsToString(mask.counts), json);
  });
}

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_PUT_MASK_H_
