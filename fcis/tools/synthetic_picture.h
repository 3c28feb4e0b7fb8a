// A picture for timing and self-tests, where none is at hand.
#ifndef FCIS_TOOLS_SYNTHETIC_PICTURE_H_
#define FCIS_TOOLS_SYNTHETIC_PICTURE_H_

#include "fcis/core/image/image.h"

namespace fcis::tools {

// Coloured rectangles with some noise; the same for the same size.
Image SyntheticPicture(int height, int width);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SYNTHETIC_PICTURE_H_
