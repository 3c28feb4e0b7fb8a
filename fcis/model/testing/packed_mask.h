// Masks of the fixtures: rows of np.packbits over a whole picture.
#ifndef FCIS_MODEL_TESTING_PACKED_MASK_H_
#define FCIS_MODEL_TESTING_PACKED_MASK_H_

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/detection.h"

namespace fcis::model {

struct MaskAgreement {
  int64_t intersection = 0;
  int64_t united = 0;
};

// The detection's mask, pasted as the config says (PasteThreshold), beside row
// `row` of `packed`.
MaskAgreement ComparePacked(const Detection& detection, const Tensor& packed,
                            int64_t row, int height, int width,
                            const PostprocessConfig& config);

// 1 when both are empty.
double PackedMaskIoU(const Detection& detection, const Tensor& packed,
                     int64_t row, int height, int width,
                     const PostprocessConfig& config);

}  // namespace fcis::model

#endif  // FCIS_MODEL_TESTING_PACKED_MASK_H_
