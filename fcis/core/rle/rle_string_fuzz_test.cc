// Fuzzes compressed counts, and all that may follow on counts that are sound.
// Input: height and width, 16 bits each, then the string.
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_iou.h"
#include "fcis/core/rle/rle_string.h"

namespace {

void CheckPixels(const fcis::Rle& rle) {
  const size_t pixels = static_cast<size_t>(rle.height) * rle.width;
  std::vector<uint8_t> rows(pixels), columns(pixels);
  ABSL_RAW_CHECK(DecodeRowMajor(rle, absl::MakeSpan(rows)).ok(), "rows");
  ABSL_RAW_CHECK(DecodeColumnMajor(rle, absl::MakeSpan(columns)).ok(),
                 "columns");
  ABSL_RAW_CHECK(std::accumulate(rows.begin(), rows.end(), 0u) == RleArea(rle),
                 "area");
  const fcis::Rle plain =
      fcis::EncodeRowMajor(rows.data(), rle.height, rle.width);
  ABSL_RAW_CHECK(
      plain == fcis::EncodeColumnMajor(columns.data(), rle.height, rle.width),
      "encoders");
  ABSL_RAW_CHECK(RleArea(plain) == RleArea(rle), "area of encoded");
  if (RleArea(rle) > 0) {
    const fcis::XywhBox box = RleToBbox(plain);
    ABSL_RAW_CHECK(box == RleToBbox(rle), "box");
    ABSL_RAW_CHECK(MaskIou(plain, box, plain, box, false) == 1, "IoU");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint16_t sides[2];
  if (size < sizeof(sides)) return 0;
  std::memcpy(sides, data, sizeof(sides));
  const absl::string_view text(
      reinterpret_cast<const char*>(data) + sizeof(sides),
      size - sizeof(sides));
  const absl::StatusOr<fcis::Rle> rle =
      fcis::ParseRleCounts(sides[0], sides[1], text);
  if (!rle.ok()) return 0;
  const absl::StatusOr<fcis::Rle> again = fcis::ParseRleCounts(
      sides[0], sides[1], fcis::RleCountsToString(rle->counts));
  ABSL_RAW_CHECK(again.ok() && *again == *rle, "counts return");
  ABSL_RAW_CHECK(
      MergeRles({*rle, *again}, fcis::MergeMode::kUnion).height == sides[0],
      "merge");
  const fcis::XywhBox box = RleToBbox(*rle);
  for (const bool crowd : {false, true}) {
    MaskIou(*rle, box, *again, RleToBbox(*again), crowd);
  }
  if (sides[0] * uint64_t{sides[1]} <= 1 << 16) CheckPixels(*rle);
  return 0;
}
