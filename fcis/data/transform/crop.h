// A part of a training picture, and pictures of another size.
#ifndef FCIS_DATA_TRANSFORM_CROP_H_
#define FCIS_DATA_TRANSFORM_CROP_H_

#include <cstdint>
#include <vector>

#include "fcis/core/base/random_stream.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/image.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {

// A length in whole pixels: rounded, at least 1 and at most `limit` (>= 1).
int RoundedSide(double length, int limit);

// The window's part of a picture, and of a mask [height][width].
Image CropImage(const Image& image, const PixelBox& window);
std::vector<uint8_t> CropMask(const std::vector<uint8_t>& mask, int width,
                              const PixelBox& window);

// What lies in the window, which is not empty and within the picture. Instances
// without a mask pixel there are dropped; one that the window cuts gets the
// extent of what is left of its mask as box, the others keep theirs (clipped).
// The ignored region is cropped, too.
LabelledImage Crop(const LabelledImage& picture, const PixelBox& window);

// A random window of height / zoom x width / zoom (zoom >= 1): resized to the
// size that the whole picture would have had, it shows a part of it magnified.
// Of a picture with instances windows without any are tried again, a few times;
// then it stays whole.
LabelledImage RandomZoom(LabelledImage picture, double zoom,
                         RandomStream& random);

// A picture of another size, still of bytes: bilinear, rounded (resize.h).
// Neither is empty.
Image ResizeImage(const Image& image, int height, int width);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_CROP_H_
