// Shapes of painted scenes: eight classes, each turned, stretched, sheared and
// bent at random.
#ifndef FCIS_DATA_SYNTH_SHAPE_H_
#define FCIS_DATA_SYNTH_SHAPE_H_

#include <array>
#include <cstdint>

#include "fcis/core/base/random_stream.h"

namespace fcis::data {

constexpr int kNumShapes = 8;

// Names of the classes 0 to 7. A ring has a hole.
extern const std::array<const char*, kNumShapes> kShapeNames;

class PaintedShape {
 public:
  // Of roughly the given area in square pixels, around (x, y).
  PaintedShape(int label, double x, double y, double area,
               RandomStream& random);

  int label() const { return label_; }
  // Whether a point, in pixels, lies inside.
  bool Contains(double x, double y) const;
  // No point farther from the centre is inside; pixels.
  double half_width() const { return half_width_; }
  double half_height() const { return half_height_; }
  double x() const { return x_; }
  double y() const { return y_; }

 private:
  bool ContainsUnit(double u, double v) const;

  int label_;
  double x_, y_;
  double half_width_, half_height_;
  // From pixels to the unit shape.
  double uu_, uv_, vu_, vv_;
  // Bending: each coordinate is shifted by a wave along the other.
  double wave_[2], wave_turn_[2], wave_phase_[2];
  double detail_;  // a proportion of the class: of arms, of the hole, ...
};

// Textures of painted scenes: objects and backgrounds share this one family, so
// that a texture tells nothing about what it covers.

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

#endif  // FCIS_DATA_SYNTH_SHAPE_H_
