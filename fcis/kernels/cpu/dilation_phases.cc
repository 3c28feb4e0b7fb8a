#include "fcis/kernels/cpu/dilation_phases.h"

#include <algorithm>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"

namespace fcis::kernels {
namespace {

// Calls visit(pixel of the map or -1, pixel of the phases), in blocks of
// channels, for every pixel of every phase.
template <typename Visit>
void ForEachPixel(const Shape& nhwc, int64_t block, int64_t d,
                  const Visit& visit) {
  const Shape phases = PhasesOf(nhwc, static_cast<int>(d));
  const int64_t height = nhwc.dim(1), width = nhwc.dim(2);
  const int64_t rows = phases.dim(1), columns = phases.dim(2);
  const int64_t blocks = NumBlocks(nhwc.dim(3), block);
  // A plane is one block of channels of one phase.
  ParallelForEach(phases.dim(0) * blocks, 1, [&](int64_t plane) {
    const int64_t phase = plane / blocks % (d * d);
    const int64_t from = plane / blocks / (d * d) * blocks + plane % blocks;
    int64_t to = plane * rows * columns;
    for (int64_t y = phase / d; y < rows * d; y += d) {
      for (int64_t x = phase % d; x < columns * d; x += d, ++to) {
        const bool inside = y < height && x < width;
        visit(inside ? (from * height + y) * width + x : -1, to);
      }
    }
  });
}

}  // namespace

Shape PhasesOf(const Shape& nhwc, int dilation) {
  const int64_t d = dilation;
  return {nhwc.dim(0) * d * d, NumBlocks(nhwc.dim(1), d),
          NumBlocks(nhwc.dim(2), d), nhwc.dim(3)};
}

void ToPhases(const Shape& nhwc, int64_t block, int dilation, const float* map,
              float* phases) {
  ForEachPixel(nhwc, block, dilation, [=](int64_t pixel, int64_t to) {
    if (pixel < 0) {
      std::fill_n(phases + to * block, block, 0.0f);
    } else {
      std::copy_n(map + pixel * block, block, phases + to * block);
    }
  });
}

void FromPhases(const Shape& nhwc, int64_t block, int dilation,
                const float* phases, float* map) {
  ForEachPixel(nhwc, block, dilation, [=](int64_t pixel, int64_t from) {
    if (pixel >= 0)
      std::copy_n(phases + from * block, block, map + pixel * block);
  });
}

}  // namespace fcis::kernels
