// Pasting: a small mask of probabilities becomes pixels of the picture
// (docs/reference.md, Prediction 10).
#ifndef FCIS_CORE_MASK_PASTE_H_
#define FCIS_CORE_MASK_PASTE_H_

#include <cstdint>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// The pixels of an instance inside its box; outside there are none.
struct PastedMask {
  int x0 = 0, y0 = 0;         // of the box, inside the picture
  int width = 0, height = 0;  // of the box; 0: no pixels
  std::vector<uint8_t> bits;  // height * width, row-major, 0 or 1
};

// The least probability that belongs to the instance: binary_thresh, and just
// above it under chainercv's rule, which compares with >.
float PasteThreshold(const PostprocessConfig& config);

// mask: f32 [m,m]. The box is rounded half to even, the mask resized to it
// (bilinear) and compared with `thresh`; what lies outside of the picture of
// height x width is cut off.
PastedMask PasteMask(const Tensor& mask, const Box& box, float thresh,
                     int height, int width);

// The pixels of a bitmap, so many wide, row-major, 0 or 1, within the box,
// which lies inside of it. An empty box: no pixels.
PastedMask CutMask(const uint8_t* bitmap, int width, const PixelBox& box);

// The mask as it is in a picture of height x width pixels, to which its own is
// resized (nearest). Damaged runs, or none of the mask: no pixels.
PastedMask RleToPastedMask(const Rle& rle, int height, int width);

// The mask as run lengths of its picture, which has height x width pixels.
Rle PastedMaskToRle(const PastedMask& mask, int height, int width);

}  // namespace fcis

#endif  // FCIS_CORE_MASK_PASTE_H_
