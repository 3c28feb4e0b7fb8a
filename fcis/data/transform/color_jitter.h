// Pictures in other light: brightness, contrast and saturation changed at
// random.
#ifndef FCIS_DATA_TRANSFORM_COLOR_JITTER_H_
#define FCIS_DATA_TRANSFORM_COLOR_JITTER_H_

#include "fcis/core/base/random_stream.h"
#include "fcis/core/image/image.h"

namespace fcis::data {

struct ColorFactors {
  double brightness = 1;  // of every value
  double contrast = 1;    // of its distance from the picture's mean gray
  double saturation = 1;  // of its distance from the pixel's gray
};

// Each factor uniform in [1 - strength, 1 + strength]; strength in [0, 1].
ColorFactors RandomColorFactors(double strength, RandomStream& random);

// In the order of the members, in one step; values are rounded and clipped.
void ChangeColors(const ColorFactors& factors, Image& image);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_COLOR_JITTER_H_
