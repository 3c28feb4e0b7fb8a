#include "fcis/core/draw/palette.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace fcis {
namespace {

// M. Okabe, K. Ito: Color Universal Design (2008), without black; neighbours in
// the list differ most.
constexpr Color kOkabeIto[] = {{230, 159, 0},  {86, 180, 233}, {213, 94, 0},
                               {0, 158, 115},  {240, 228, 66}, {0, 114, 178},
                               {204, 121, 167}};
constexpr int kNumOkabeIto = std::size(kOkabeIto);

uint8_t Channel(double value) {
  return static_cast<uint8_t>(std::lround(255 * value));
}

// hue in turns; the others in 0..1.
Color FromHsv(double hue, double saturation, double value) {
  const auto channel = [&](double offset) {
    const double k = std::fmod(offset + 6 * hue, 6);
    const double ramp = std::clamp(std::min(k, 4 - k), 0.0, 1.0);
    return Channel(value * (1 - saturation * ramp));
  };
  return {channel(5), channel(3), channel(1)};
}

}  // namespace

Color InstanceColor(int index) {
  if (index < kNumOkabeIto) return kOkabeIto[index];
  constexpr double kGoldenRatio = 0.61803398874989485;
  constexpr struct {
    double saturation, value;
  } kShades[] = {{0.95, 0.95}, {0.5, 1.0}, {0.85, 0.6}};
  const int i = index - kNumOkabeIto;
  const auto& shade = kShades[i % std::size(kShades)];
  return FromHsv(std::fmod(i * kGoldenRatio, 1.0), shade.saturation,
                 shade.value);
}

Color TextColorOn(const Color& background) {
  // Luma of ITU-R BT.601.
  const int luma =
      (299 * background.r + 587 * background.g + 114 * background.b) / 1000;
  return luma >= 128 ? Color{0, 0, 0} : Color{255, 255, 255};
}

}  // namespace fcis
