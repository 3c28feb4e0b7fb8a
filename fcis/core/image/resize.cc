#include "fcis/core/image/resize.h"

#include <algorithm>

namespace fcis {

RecycledVector<BilinearTap> BilinearTaps(int in, int out) {
  RecycledVector<BilinearTap> taps(out);
  for (int i = 0; i < out; ++i) taps[i] = MakeBilinearTap(i, in, out);
  return taps;
}

void ResizeBilinear(const float* src, int height, int width, float* dst,
                    int out_height, int out_width) {
  const RecycledVector<BilinearTap> columns = BilinearTaps(width, out_width);
  RecycledVector<float> rows(static_cast<size_t>(2) * out_width);
  float* above = rows.data();
  float* below = above + out_width;
  const auto widen = [&](int y, float* out) {
    const float* in = src + static_cast<int64_t>(y) * width;
    for (int x = 0; x < out_width; ++x) {
      const BilinearTap t = columns[x];
      out[x] =
          Lerp(in[t.index], in[std::min(t.index + 1, width - 1)], t.fraction);
    }
  };
  int have = -1;  // source row that `above` holds; `below` holds the next
  for (int y = 0; y < out_height; ++y) {
    const BilinearTap t = MakeBilinearTap(y, height, out_height);
    if (t.index != have) {
      if (t.index == have + 1 && have >= 0) {
        std::swap(above, below);
      } else {
        widen(t.index, above);
      }
      widen(std::min(t.index + 1, height - 1), below);
      have = t.index;
    }
    float* out = dst + static_cast<int64_t>(y) * out_width;
    for (int x = 0; x < out_width; ++x) {
      out[x] = Lerp(above[x], below[x], t.fraction);
    }
  }
}

void ResizeNearest(const uint8_t* src, int height, int width, uint8_t* dst,
                   int out_height, int out_width) {
  RecycledVector<int> columns(out_width);
  for (int x = 0; x < out_width; ++x) {
    columns[x] = NearestSource(x, width, out_width);
  }
  for (int y = 0; y < out_height; ++y) {
    const uint8_t* in =
        src +
        static_cast<int64_t>(NearestSource(y, height, out_height)) * width;
    uint8_t* out = dst + static_cast<int64_t>(y) * out_width;
    for (int x = 0; x < out_width; ++x) out[x] = in[columns[x]];
  }
}

}  // namespace fcis
