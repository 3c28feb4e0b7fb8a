// Compressed counts of masks (rle_string.h), several numbers at a time.
#ifndef FCIS_CORE_RLE_RLE_STRING_FAST_H_
#define FCIS_CORE_RLE_RLE_STRING_FAST_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_string.h"

namespace fcis {

constexpr unsigned kRleFirstChar = '0';
constexpr unsigned kRleMore = 0x20;  // another group follows
constexpr unsigned kRleSign = 0x10;
constexpr unsigned kRleBits = 0x1f;
// Differences of runs need 33 bits and a sign.
constexpr int kRleMaxGroups = 7;

// The number of up to seven groups at `next`, which moves behind it; false when
// it is malformed, `next` then stands at the byte at fault.
inline bool ReadRleNumber(const char*& next, const char* end, int64_t& number) {
  int64_t bits = 0;
  for (int shift = 0; shift < 5 * kRleMaxGroups; shift += 5) {
    if (next == end) return false;
    const unsigned group = static_cast<unsigned char>(*next) - kRleFirstChar;
    if (group > (kRleMore | kRleBits)) return false;
    ++next;
    bits |= static_cast<int64_t>(group & kRleBits) << shift;
    if (group & kRleMore) continue;
    if (group & kRleSign) bits -= int64_t{1} << (shift + 5);
    number = bits;
    return true;
  }
  return false;
}

// Whether this CPU can read in a way that is not kPlain.
bool CpuHasRleReading(RleReading way);

// Reads all runs in such a way. False: something is wrong, or may be; counts
// and sums are then unspecified.
bool ParseRleCountsFast(RleReading way, int64_t pixels, absl::string_view text,
                        std::vector<uint32_t>& counts, RunSums* sums);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_STRING_FAST_H_
