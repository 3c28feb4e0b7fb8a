#include "fcis/data/synth/texture.h"

#include <algorithm>
#include <cmath>

#include "fcis/core/base/counter_rng.h"

namespace fcis::data {
namespace {

constexpr double kPi = 3.141592653589793;

Rgb FromHsv(double hue, double saturation, double value) {
  Rgb color;
  for (int c = 0; c < 3; ++c) {
    // The channel's distance from its own hue, 0 to 3 sixths of the circle.
    const double turn = std::fmod(hue * 6 + 6 - 2 * c, 6);
    const double away = std::min(turn, 6 - turn);
    const double full = std::min(std::max(2 - away, 0.0), 1.0);
    color[static_cast<size_t>(c)] =
        static_cast<float>(255 * value * (1 - saturation * (1 - full)));
  }
  return color;
}

double Smooth(double t) { return t * t * (3 - 2 * t); }

}  // namespace

Rgb RandomColor(RandomStream& random) {
  const double hue = random.Uniform();
  const double saturation = random.Uniform();
  return FromHsv(hue, saturation, random.Uniform(.2, 1));
}

Texture::Texture(RandomStream& random, double scale)
    : pattern_(static_cast<Pattern>(random.Integer(0, 4))),
      first_(RandomColor(random)),
      second_(RandomColor(random)),
      period_(scale * random.Uniform(5, 16)),
      key_(random.Bits()) {
  const double direction = random.Uniform(0, kPi);
  cosine_ = std::cos(direction);
  sine_ = std::sin(direction);
  // Most textures are clouded too.
  cloudiness_ = random.Chance(.7) ? random.Uniform(.2, .7) : 0;
  // From hardly visible to full contrast.
  const auto contrast = static_cast<float>(random.Uniform(.15, 1));
  for (size_t c = 0; c < 3; ++c) {
    second_[c] = first_[c] + contrast * (second_[c] - first_[c]);
  }
}

// Random values on a grid, smoothly between them, on three scales.
double Texture::Cloud(double x, double y) const {
  double sum = 0, weights = 0, weight = 1;
  for (double period = 3 * period_; period > .6 * period_; period /= 2) {
    const double u = x / period, v = y / period;
    const double left = std::floor(u), top = std::floor(v);
    const auto value = [&](double i, double j) {
      const auto cell = (static_cast<uint64_t>(static_cast<int64_t>(i)) << 32) ^
                        static_cast<uint32_t>(static_cast<int64_t>(j));
      return static_cast<double>(RngBits(key_, cell) >> 40) * 0x1p-24;
    };
    const double a = Smooth(u - left), b = Smooth(v - top);
    const double upper = value(left, top) * (1 - a) + value(left + 1, top) * a;
    const double lower =
        value(left, top + 1) * (1 - a) + value(left + 1, top + 1) * a;
    sum += weight * (upper * (1 - b) + lower * b);
    weights += weight;
    weight /= 2;
  }
  return sum / weights;
}

double Texture::PatternShare(double x, double y) const {
  const double u = (x * cosine_ + y * sine_) / period_;
  const double v = (y * cosine_ - x * sine_) / period_;
  switch (pattern_) {
    case Pattern::kPlain:
      return 0;
    case Pattern::kStripes:
      return .5 + .5 * std::sin(kPi * u);
    case Pattern::kCheckers:
      return (static_cast<int64_t>(std::floor(u)) +
              static_cast<int64_t>(std::floor(v))) &
             1;
    case Pattern::kDots: {
      const double a = u / 1.5 - std::round(u / 1.5);
      const double b = v / 1.5 - std::round(v / 1.5);
      return a * a + b * b < .1;
    }
    case Pattern::kClouds:
      return Cloud(x, y);
  }
  return 0;
}

double Texture::Share(double x, double y) const {
  const double pattern = PatternShare(x, y);
  if (cloudiness_ == 0) return pattern;
  return pattern + cloudiness_ * (Cloud(x, y) - pattern);
}

Rgb Texture::At(double x, double y) const {
  const auto share = static_cast<float>(Share(x, y));
  Rgb color;
  for (size_t c = 0; c < 3; ++c) {
    color[c] = first_[c] + share * (second_[c] - first_[c]);
  }
  return color;
}

}  // namespace fcis::data
