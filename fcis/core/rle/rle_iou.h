// Intersection over union of masks and of boxes, as COCO's evaluation has it:
// a ground truth that is a crowd divides by the area of the detection alone.
#ifndef FCIS_CORE_RLE_RLE_IOU_H_
#define FCIS_CORE_RLE_RLE_IOU_H_

#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_ranks.h"

namespace fcis {

// 0 unless the boxes overlap.
double BoxIou(const XywhBox& detection, const XywhBox& truth, bool crowd);

// 0 unless the tight boxes (RleToBbox) overlap; -1 if they do and the sizes of
// the masks differ. `ranks`: of the truth, which make it faster; null: none.
double MaskIou(const Rle& detection, const XywhBox& detection_box,
               const Rle& truth, const XywhBox& truth_box, bool crowd,
               const RleRanks* ranks = nullptr);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_IOU_H_
