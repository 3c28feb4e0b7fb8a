#include "fcis/tools/synthetic_picture.h"

#include <algorithm>

#include "fcis/core/base/counter_rng.h"

namespace fcis::tools {

Image SyntheticPicture(int height, int width) {
  constexpr int kRectangles = 24;
  const uint64_t key = RngKey("picture", 0);
  Image picture(height, width);
  for (size_t i = 0; i < picture.pixels.size(); ++i) {
    picture.pixels[i] = 96 + RngBits(key, i) % 32;
  }
  uint64_t next = picture.pixels.size();
  const auto below = [&](int limit) {
    return static_cast<int>(RngBits(key, next++) % std::max(limit, 1));
  };
  for (int r = 0; r < kRectangles; ++r) {
    const int h = height / 8 + below(height / 3);
    const int w = width / 8 + below(width / 3);
    const int y0 = below(height - h), x0 = below(width - w);
    const int color[] = {below(224), below(224), below(224)};
    for (int y = y0; y < std::min(y0 + h, height); ++y) {
      for (int x = x0; x < std::min(x0 + w, width); ++x) {
        uint8_t* pixel = picture.row(y) + 3 * x;
        for (int c = 0; c < 3; ++c) pixel[c] = color[c] + pixel[c] % 32;
      }
    }
  }
  return picture;
}

}  // namespace fcis::tools
