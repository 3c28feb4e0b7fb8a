// Pictures of another size, still of bytes.
#ifndef FCIS_DATA_TRANSFORM_RESIZE_IMAGE_H_
#define FCIS_DATA_TRANSFORM_RESIZE_IMAGE_H_

#include "fcis/core/image/image.h"

namespace fcis::data {

// Bilinear, rounded (resize.h); neither picture is empty.
Image ResizeImage(const Image& image, int height, int width);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_RESIZE_IMAGE_H_
