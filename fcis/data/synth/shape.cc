#include "fcis/data/synth/shape.h"

#include <algorithm>
#include <cmath>

#include "fcis/core/base/counter_rng.h"

namespace fcis::data {
namespace {

constexpr double kPi = 3.141592653589793;
constexpr double kMaxWave = .12;
// No unit shape reaches farther along either axis: 1, and the bending.
constexpr double kUnitReach = 1 + kMaxWave;

enum Label {
  kEllipse,
  kTriangle,
  kRectangle,
  kStar,
  kCross,
  kRing,
  kCrescent,
  kHeart,
};

bool InStar(double u, double v, double inner) {
  // Five tips at distance 1, notches at `inner`; within a fifth of the circle
  // the outline is a straight line from tip to notch.
  const double radius = std::sqrt(u * u + v * v);
  const double fifth = 2 * kPi / 5;
  double angle = std::fmod(std::atan2(v, u) + 2 * kPi, fifth);
  angle = std::min(angle, fifth - angle);
  const double half = fifth / 2;
  const double outline = inner * std::sin(half) /
                         (inner * std::sin(half - angle) + std::sin(angle));
  return radius < outline;
}

}  // namespace

const std::array<const char*, kNumShapes> kShapeNames = {
    "ellipse", "triangle", "rectangle", "star",
    "cross",   "ring",     "crescent",  "heart"};

PaintedShape::PaintedShape(int label, double x, double y, double area,
                           RandomStream& random)
    : label_(label), x_(x), y_(y) {
  for (int i = 0; i < 2; ++i) {
    wave_[i] = random.Uniform(0, kMaxWave);
    wave_turn_[i] = random.Uniform(1, 3.5);
    wave_phase_[i] = random.Uniform(0, 2 * kPi);
  }
  detail_ = random.Uniform();
  const double turn = random.Uniform(0, 2 * kPi);
  const double stretch = std::exp(random.Uniform(-.35, .35));
  const double shear = random.Uniform(-.25, .25);
  // The unit shape's own area, counted on a grid.
  constexpr int kGrid = 32;
  int inside = 0;
  for (int i = 0; i < kGrid * kGrid; ++i) {
    const double step = 2 * kUnitReach / kGrid;
    inside += ContainsUnit((i % kGrid + .5) * step - kUnitReach,
                           (i / kGrid + .5) * step - kUnitReach);
  }
  const double unit_area =
      std::max(inside, 1) * std::pow(2 * kUnitReach, 2) / (kGrid * kGrid);
  const double scale = std::sqrt(area / unit_area);
  // rotation * shear * stretch, and its inverse. Shear and stretch keep areas.
  const double a = scale * stretch, d = scale / stretch;
  const double c = std::cos(turn), r = std::sin(turn);
  uu_ = (c + shear * r) / a;
  uv_ = (r - shear * c) / a;
  vu_ = -r / d;
  vv_ = c / d;
  half_width_ = kUnitReach * (std::abs(c * a) + std::abs((c * shear - r) * d));
  half_height_ = kUnitReach * (std::abs(r * a) + std::abs((r * shear + c) * d));
}

bool PaintedShape::Contains(double x, double y) const {
  x -= x_;
  y -= y_;
  return ContainsUnit(uu_ * x + uv_ * y, vu_ * x + vv_ * y);
}

bool PaintedShape::ContainsUnit(double u, double v) const {
  const double bent_u =
      u + wave_[0] * std::sin(wave_turn_[0] * v + wave_phase_[0]);
  v += wave_[1] * std::sin(wave_turn_[1] * u + wave_phase_[1]);
  u = bent_u;
  const double radius = std::sqrt(u * u + v * v);
  switch (label_) {
    case kEllipse:
      return radius < 1;
    case kTriangle:
      // Three half planes at distance 1/2 from the centre.
      return v > -.5 && std::sqrt(3) * u + v < 1 && -std::sqrt(3) * u + v < 1;
    case kRectangle:
      return std::max(std::abs(u), std::abs(v)) < .8;
    case kStar:
      return InStar(u, v, .4 + .12 * detail_);
    case kCross: {
      const double arm = .26 + .1 * detail_;
      return std::max(std::abs(u), std::abs(v)) < .95 &&
             std::min(std::abs(u), std::abs(v)) < arm;
    }
    case kRing:
      return radius < 1 && radius > .45 + .15 * detail_;
    case kCrescent:
      return radius < 1 && std::pow(u - .45 - .1 * detail_, 2) + v * v > .64;
    case kHeart: {
      // (u^2 + v^2 - 1)^3 = u^2 v^3, made a little smaller.
      const double a = 1.1 * u, b = 1.1 * v;
      const double ring = a * a + b * b - 1;
      return ring * ring * ring < a * a * b * b * b;
    }
    default:
      return false;
  }
}

namespace {

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
