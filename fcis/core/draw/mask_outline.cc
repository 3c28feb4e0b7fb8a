#include "fcis/core/draw/mask_outline.h"

namespace fcis {
namespace {

// Walks over the rows; `runs` counts the mask's pixels since the last other one
// in each column.
void MarkBeginnings(const uint8_t* bits, int width, int thickness, int* runs,
                    uint8_t* outline) {
  int run = 0;
  for (int x = 0; x < width; ++x) {
    run = bits[x] ? run + 1 : 0;
    runs[x] = bits[x] ? runs[x] + 1 : 0;
    outline[x] |= bits[x] & (run <= thickness || runs[x] <= thickness);
  }
}

void MarkRowEnds(const uint8_t* bits, int width, int thickness,
                 uint8_t* outline) {
  int run = 0;
  for (int x = width - 1; x >= 0; --x) {
    run = bits[x] ? run + 1 : 0;
    outline[x] |= bits[x] & (run <= thickness);
  }
}

}  // namespace

std::vector<uint8_t> MaskOutline(const PastedMask& mask, int thickness) {
  std::vector<uint8_t> outline(mask.bits.size());
  std::vector<int> runs(mask.width);
  const auto at = [&](int y) { return static_cast<size_t>(y) * mask.width; };
  for (int y = 0; y < mask.height; ++y) {
    MarkBeginnings(&mask.bits[at(y)], mask.width, thickness, runs.data(),
                   &outline[at(y)]);
    MarkRowEnds(&mask.bits[at(y)], mask.width, thickness, &outline[at(y)]);
  }
  runs.assign(mask.width, 0);
  for (int y = mask.height - 1; y >= 0; --y) {
    MarkBeginnings(&mask.bits[at(y)], mask.width, thickness, runs.data(),
                   &outline[at(y)]);
  }
  return outline;
}

}  // namespace fcis
