#include "fcis/model/testing/packed_mask.h"

#include "fcis/core/mask/paste.h"

namespace fcis::model {

MaskAgreement ComparePacked(const Detection& detection, const Tensor& packed,
                            int64_t row, int height, int width,
                            const PostprocessConfig& config) {
  const PastedMask mask = PasteMask(detection.mask, detection.box,
                                    PasteThreshold(config), height, width);
  const uint8_t* bytes = packed.data<uint8_t>() + row * packed.dim(1);
  MaskAgreement result;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int64_t i = int64_t{y} * width + x;
      const bool want = bytes[i / 8] >> (7 - i % 8) & 1;
      const int mx = x - mask.x0;
      const int my = y - mask.y0;
      const bool have = mx >= 0 && my >= 0 && mx < mask.width &&
                        my < mask.height &&
                        mask.bits[my * mask.width + mx] != 0;
      result.intersection += want && have;
      result.united += want || have;
    }
  }
  return result;
}

double PackedMaskIoU(const Detection& detection, const Tensor& packed,
                     int64_t row, int height, int width,
                     const PostprocessConfig& config) {
  const MaskAgreement a =
      ComparePacked(detection, packed, row, height, width, config);
  return a.united == 0 ? 1.0 : static_cast<double>(a.intersection) / a.united;
}

}  // namespace fcis::model
