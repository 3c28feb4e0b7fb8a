// Textures of painted scenes: objects and backgrounds share this one family, so
// that a texture tells nothing about what it covers.
#ifndef FCIS_DATA_SYNTH_TEXTURE_H_
#define FCIS_DATA_SYNTH_TEXTURE_H_

#include <array>
#include <cstdint>

#include "fcis/core/base/random_stream.h"

namespace fcis::data {

// Red, green, blue; 0 to 255, not clamped.
using Rgb = std::array<float, 3>;

// A colour of any hue, the others evenly spread.
Rgb RandomColor(RandomStream& random);

class Texture {
 public:
  // Two colours in a pattern: plain, stripes, checkers, dots or clouds. Lengths
  // are in pixels, to be multiplied by `scale`.
  Texture(RandomStream& random, double scale);

  Rgb At(double x, double y) const;

 private:
  enum class Pattern { kPlain, kStripes, kCheckers, kDots, kClouds };

  // How much of the second colour, 0 to 1.
  double Share(double x, double y) const;
  double PatternShare(double x, double y) const;
  double Cloud(double x, double y) const;

  Pattern pattern_;
  Rgb first_, second_;
  double cloudiness_;     // 0 to 1: how much the pattern gives way to clouds
  double period_;         // pixels
  double cosine_, sine_;  // of the direction
  uint64_t key_;          // of the clouds
};

}  // namespace fcis::data

#endif  // FCIS_DATA_SYNTH_TEXTURE_H_
