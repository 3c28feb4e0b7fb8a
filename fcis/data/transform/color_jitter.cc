#include "fcis/data/transform/color_jitter.h"

#include <algorithm>
#include <cstdint>

namespace fcis::data {
namespace {

// ITU-R BT.601.
constexpr double kGray[3] = {.299, .587, .114};

double GrayOf(const double rgb[3]) {
  return kGray[0] * rgb[0] + kGray[1] * rgb[1] + kGray[2] * rgb[2];
}

double MeanGray(const Image& image) {
  double sums[3] = {0, 0, 0};
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    sums[i % 3] += image.pixels[i];
  }
  return GrayOf(sums) / (static_cast<double>(image.pixels.size()) / 3);
}

}  // namespace

ColorFactors RandomColorFactors(double strength, RandomStream& random) {
  const auto factor = [&] {
    return random.Uniform(1 - strength, 1 + strength);
  };
  ColorFactors factors;
  factors.brightness = factor();
  factors.contrast = factor();
  factors.saturation = factor();
  return factors;
}

void ChangeColors(const ColorFactors& factors, Image& image) {
  if (image.empty()) return;
  // Saturation leaves a pixel's gray alone, so the three are one step.
  const double scale = factors.brightness * factors.contrast;
  const double offset =
      factors.brightness * (1 - factors.contrast) * MeanGray(image);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    uint8_t* const pixel = &image.pixels[i];
    const double rgb[3] = {static_cast<double>(pixel[0]),
                           static_cast<double>(pixel[1]),
                           static_cast<double>(pixel[2])};
    const double gray = GrayOf(rgb);
    for (size_t c = 0; c < 3; ++c) {
      const double value =
          scale * (gray + factors.saturation * (rgb[c] - gray)) + offset;
      pixel[c] = static_cast<uint8_t>(std::clamp(value + .5, 0.0, 255.0));
    }
  }
}

}  // namespace fcis::data
