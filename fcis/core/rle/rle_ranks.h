// RleRanks tells how many pixels of a mask lie before any position, so that a
// mask that many others are compared with is walked over only once.
#ifndef FCIS_CORE_RLE_RLE_RANKS_H_
#define FCIS_CORE_RLE_RLE_RANKS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/rle/rle.h"

namespace fcis {

class RleRanks {
 public:
  // Takes a mask in the place of the one before, whose memory is reused. False:
  // it has an empty run (HasEmptyRun), or few that reach too far for a bitmap;
  // nothing may be asked then.
  bool Build(absl::Span<const uint32_t> counts);
  bool Build(const Rle& rle) { return Build(rle.counts); }

  // Pixels that the mask shares with another, of the same size.
  uint32_t CountCommon(const Rle& other) const;

 private:
  // Foreground lies within [first_, last_), of which there are a bitmap and the
  // number of pixels before each of its words.
  uint32_t first_ = 0, last_ = 0;
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> before_;
};

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_RANKS_H_
