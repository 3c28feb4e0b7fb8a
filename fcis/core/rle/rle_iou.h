// Intersection over union of masks and of boxes, as COCO's evaluation has it:
// a ground truth that is a crowd divides by the area of the detection alone.
#ifndef FCIS_CORE_RLE_RLE_IOU_H_
#define FCIS_CORE_RLE_RLE_IOU_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
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

// All pairs, row-major [detections][truths]. `crowd` has one flag per truth.
std::vector<double> BoxIous(absl::Span<const XywhBox> detections,
                            absl::Span<const XywhBox> truths,
                            absl::Span<const uint8_t> crowd);
std::vector<double> MaskIous(absl::Span<const Rle> detections,
                             absl::Span<const Rle> truths,
                             absl::Span<const uint8_t> crowd);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_IOU_H_
