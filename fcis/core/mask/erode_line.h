// Erosion of masks, line by line.
#ifndef FCIS_CORE_MASK_ERODE_LINE_H_
#define FCIS_CORE_MASK_ERODE_LINE_H_

#include <algorithm>
#include <cstdint>

namespace fcis {

// Of a line of `n` pixels `stride` apart: 1 where all pixels within `reach`
// (>= 0) are 1, those beyond the ends counting as 0; else 0. `eroded` is
// another line of the same form.
inline void ErodeLine(const uint8_t* line, uint8_t* eroded, int64_t n,
                      int64_t stride, int64_t reach) {
  // Pixels of 1 that end at i; an eroded pixel stands `reach` before the end of
  // 2 reach + 1 of them.
  int64_t run = 0;
  for (int64_t i = 0; i < n; ++i) {
    run = line[i * stride] ? run + 1 : 0;
    if (i >= reach) eroded[(i - reach) * stride] = run > 2 * reach;
  }
  for (int64_t i = std::max<int64_t>(n - reach, 0); i < n; ++i) {
    eroded[i * stride] = 0;
  }
}

}  // namespace fcis

#endif  // FCIS_CORE_MASK_ERODE_LINE_H_
