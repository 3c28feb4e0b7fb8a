// Fuzzes polygons against the complete walk along their boundary. Input: height
// and width, 16 bits each, then coordinates in thousandths, 32 bits each.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/core/testing/plain_polygon.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint16_t sides[2];
  if (size < sizeof(sides)) return 0;
  std::memcpy(sides, data, sizeof(sides));
  std::vector<double> xy;
  double farthest = 0;
  for (size_t i = sizeof(sides); i + sizeof(int32_t) <= size;
       i += sizeof(int32_t)) {
    int32_t thousandths;
    std::memcpy(&thousandths, data + i, sizeof(thousandths));
    xy.push_back(thousandths / 1000.0);
    farthest = std::max(farthest, std::abs(xy.back()));
  }
  const absl::StatusOr<fcis::Rle> rle =
      fcis::PolygonToRle(xy, sides[0], sides[1]);
  ABSL_RAW_CHECK(rle.ok(), "polygon");
  ABSL_RAW_CHECK(fcis::MakeRle(sides[0], sides[1], rle->counts).ok(), "runs");
  // Longer walks take too long.
  if (farthest * static_cast<double>(xy.size()) < 20000) {
    ABSL_RAW_CHECK(rle->counts == fcis::PlainPolygon(xy, sides[0], sides[1]),
                   "mask");
  }
  // Arbitrary bits, also those that are no numbers.
  std::vector<double> wild((size - sizeof(sides)) / sizeof(double));
  // More columns to cross take too long.
  if (!wild.empty() && wild.size() * sides[1] < 1 << 21) {
    std::memcpy(wild.data(), data + sizeof(sides),
                wild.size() * sizeof(double));
    const auto one = fcis::PolygonToRle(wild, sides[0], sides[1]);
    const auto parts =
        fcis::PolygonsToRles({wild, wild, {}}, sides[0], sides[1]);
    if (wild.size() > 4) {
      ABSL_RAW_CHECK(one.ok() == parts.ok(), "parts");
      ABSL_RAW_CHECK(!one.ok() || (*parts)[1].counts == one->counts, "part");
    }
  }
  return 0;
}
