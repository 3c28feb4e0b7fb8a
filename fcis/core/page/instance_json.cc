#include "fcis/core/page/instance_json.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/rle/rle_resize.h"
#include "fcis/core/rle/rle_string.h"

namespace fcis {
namespace {

// What is not finite has no place in JSON.
std::string Number(double value) {
  return std::isfinite(value) ? absl::StrCat(absl::SixDigits(value)) : "0";
}

}  // namespace

PagePicture PagePicture::Of(int height, int width, int side) {
  const double scale = std::min(1.0, 1.0 * side / std::max({1, height, width}));
  const auto scaled = [scale](int size) {
    return std::max(1, static_cast<int>(size * scale));
  };
  return {height, width, scaled(height), scaled(width)};
}

std::string InstanceMembers(const XywhBox& box, const Rle* mask,
                            const PagePicture& picture) {
  std::string text =
      absl::StrCat("\"box\":[", Number(box.x), ",", Number(box.y), ",",
                   Number(box.width), ",", Number(box.height), "]");
  if (mask == nullptr || mask->height != picture.height ||
      mask->width != picture.width || picture.height < 1 || picture.width < 1) {
    return text;
  }
  const Rle small = ShrinkRle(*mask, picture.mask_height, picture.mask_width);
  const std::string counts = RleCountsToString(small.counts);
  // Of all that is in counts only this is special in JSON.
  return absl::StrCat(text, ",\"mask\":\"",
                      absl::StrReplaceAll(counts, {{"\\", "\\\\"}}), "\"");
}

}  // namespace fcis
