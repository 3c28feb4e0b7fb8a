#include "fcis/core/mask/paste.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/types/span.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/resize.h"
#include "fcis/core/rle/rle_bitmap.h"

namespace fcis {

float PasteThreshold(const PostprocessConfig& config) {
  const float thresh = static_cast<float>(config.binary_thresh());
  return config.voting_rule() == PostprocessConfig::CHAINERCV
             ? std::nextafter(thresh, std::numeric_limits<float>::infinity())
             : thresh;
}

PastedMask PasteMask(const Tensor& mask, const Box& box, float thresh,
                     int height, int width) {
  const PixelBox whole = RoundBox(box);
  PastedMask pasted;
  pasted.x0 = std::max(whole.x0, 0);
  pasted.y0 = std::max(whole.y0, 0);
  pasted.width = std::min(whole.x1, width) - pasted.x0;
  pasted.height = std::min(whole.y1, height) - pasted.y0;
  if (pasted.width <= 0 || pasted.height <= 0) return PastedMask();

  std::vector<float> resized(static_cast<size_t>(whole.height()) *
                             whole.width());
  ResizeBilinear(mask.data<float>(), static_cast<int>(mask.dim(0)),
                 static_cast<int>(mask.dim(1)), resized.data(), whole.height(),
                 whole.width());
  pasted.bits.resize(static_cast<size_t>(pasted.height) * pasted.width);
  for (int y = 0; y < pasted.height; ++y) {
    const float* in =
        &resized[static_cast<size_t>(pasted.y0 - whole.y0 + y) * whole.width() +
                 (pasted.x0 - whole.x0)];
    uint8_t* out = &pasted.bits[static_cast<size_t>(y) * pasted.width];
    for (int x = 0; x < pasted.width; ++x) out[x] = in[x] >= thresh;
  }
  return pasted;
}

PastedMask CutMask(const uint8_t* bitmap, int width, const PixelBox& box) {
  if (box.empty()) return {};
  PastedMask mask;
  mask.x0 = box.x0;
  mask.y0 = box.y0;
  mask.width = box.width();
  mask.height = box.height();
  mask.bits.reserve(static_cast<size_t>(mask.width) * mask.height);
  for (int y = box.y0; y < box.y1; ++y) {
    const uint8_t* row = bitmap + static_cast<size_t>(y) * width;
    mask.bits.insert(mask.bits.end(), row + box.x0, row + box.x1);
  }
  return mask;
}

PastedMask RleToPastedMask(const Rle& rle, int height, int width) {
  if (RleArea(rle) == 0) return {};
  std::vector<uint8_t> all(static_cast<size_t>(rle.height) *
                           static_cast<size_t>(rle.width));
  if (!DecodeRowMajor(rle, absl::MakeSpan(all)).ok()) return {};
  std::vector<uint8_t> scaled(static_cast<size_t>(height) *
                              static_cast<size_t>(width));
  ResizeNearest(all.data(), rle.height, rle.width, scaled.data(), height,
                width);
  const XywhBox box = RleToBbox(rle);
  const auto x = [&](double at) { return at * width / rle.width; };
  const auto y = [&](double at) { return at * height / rle.height; };
  const PixelBox pixels = {static_cast<int>(x(box.x)),
                           static_cast<int>(y(box.y)),
                           static_cast<int>(std::ceil(x(box.x + box.width))),
                           static_cast<int>(std::ceil(y(box.y + box.height)))};
  if (pixels.x1 > width || pixels.y1 > height) return {};  // of empty runs
  return CutMask(scaled.data(), width, pixels);
}

Rle PastedMaskToRle(const PastedMask& mask, int height, int width) {
  MaskPatch patch;
  patch.mask = mask.bits.data();
  patch.rows = mask.height;
  patch.columns = mask.width;
  patch.y = mask.y0;
  patch.x = mask.x0;
  return EncodePatch(patch, height, width);
}

}  // namespace fcis
