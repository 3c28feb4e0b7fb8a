// Run-length encoded binary masks, the form in which COCO keeps them: the
// lengths of alternating runs of 0 and 1 down the columns, the first of 0s.
// Results equal those of pycocotools 2.0.11, also for empty runs. Pixels that
// the runs do not reach are background (there pycocotools merges for ever).
#ifndef FCIS_CORE_RLE_RLE_H_
#define FCIS_CORE_RLE_RLE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace fcis {

// Pixel (y, x) is number x * height + y of the runs. Whatever makes an Rle in
// this package holds to: height, width >= 0, height * width < 2^32, and the
// runs cover at most height * width pixels.
struct Rle {
  int height = 0;
  int width = 0;
  std::vector<uint32_t> counts;

  friend bool operator==(const Rle& a, const Rle& b) {
    return a.height == b.height && a.width == b.width && a.counts == b.counts;
  }
};

// x, y, width, height in pixels: "bbox" in COCO's files.
struct XywhBox {
  double x = 0, y = 0, width = 0, height = 0;

  friend bool operator==(const XywhBox& a, const XywhBox& b) {
    return a.x == b.x && a.y == b.y && a.width == b.width &&
           a.height == b.height;
  }
};

// InvalidArgument unless height and width are ints >= 0 and their product is
// less than 2^32.
absl::Status CheckMaskSize(int64_t height, int64_t width);

// A mask from the uncompressed counts of COCO's files. InvalidArgument: a size
// that CheckMaskSize refuses; counts that cover more than the mask.
absl::StatusOr<Rle> MakeRle(int64_t height, int64_t width,
                            std::vector<uint32_t> counts);

// What one walk over the runs of a mask tells.
struct RunSums {
  uint32_t area;   // foreground pixels
  uint32_t end;    // of the last run of foreground; 0: there is none
  bool has_empty;  // a run behind the first is: pycocotools may stop there
};
RunSums SumRuns(absl::Span<const uint32_t> counts);

// Parts of it.
uint32_t RleArea(const Rle& rle);
bool HasEmptyRun(const Rle& rle);

// The tight box; zeros without foreground runs. When all of those are empty,
// pycocotools' odd answer: {width, height, 2^32 + 1 - width, 2^32 + 1 -
// height}.
XywhBox RleToBbox(const Rle& rle);

enum class MergeMode { kUnion, kIntersection };

// Of one mask: itself; of none, or of masks of different sizes: the mask of
// 0 x 0 without counts.
Rle MergeRles(absl::Span<const Rle> rles, MergeMode mode);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_H_
