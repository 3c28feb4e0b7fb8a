#include "fcis/data/transform/copy_paste.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/image/resize.h"
#include "fcis/data/transform/crop.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {
namespace {

// An object cut out, at the size and the way round in which it is pasted.
struct Cutout {
  Image image;
  std::vector<uint8_t> mask;
};

// The object in the window of the source; no side longer than `limit`.
Cutout CutOut(const LabelledImage& source, size_t object,
              const PixelBox& window, double zoom, int limit) {
  const Image image = CropImage(source.image, window);
  const std::vector<uint8_t> mask =
      CropMask(source.instances.masks[object], source.image.width, window);
  Cutout cutout;
  const int height = RoundedSide(image.height * zoom, limit);
  const int width = RoundedSide(image.width * zoom, limit);
  cutout.image = ResizeImage(image, height, width);
  cutout.mask.resize(static_cast<size_t>(height) * width);
  ResizeNearest(mask.data(), image.height, image.width, cutout.mask.data(),
                height, width);
  return cutout;
}

// Pictures below are all of the target's size.
class Canvas {
 public:
  explicit Canvas(LabelledImage& target)
      : target_(target), touched_(target.instances.size()) {}

  void Paste(const Cutout& cutout, int label, bool mirrored,
             RandomStream& random) {
    const int height = target_.image.height, width = target_.image.width;
    const auto place = [&](int room) {
      return random.Integer(std::min(0, room), std::max(0, room));
    };
    const int y0 = place(height - cutout.image.height);
    const int x0 = place(width - cutout.image.width);
    std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
    for (int y = 0; y < cutout.image.height; ++y) {
      for (int x = 0; x < cutout.image.width; ++x) {
        const int from = mirrored ? cutout.image.width - 1 - x : x;
        const int64_t at = int64_t{y} * cutout.image.width + from;
        if (cutout.mask[static_cast<size_t>(at)] == 0) continue;
        if (y0 + y < 0 || y0 + y >= height) continue;
        if (x0 + x < 0 || x0 + x >= width) continue;
        Cover(int64_t{y0 + y} * width + x0 + x,
              &cutout.image.pixels[static_cast<size_t>(at) * 3], mask);
      }
    }
    target_.instances.Add(Box(), label, std::move(mask));
    touched_.push_back(true);
  }

  // Gives those that changed their boxes, and drops those without pixels.
  void Finish() {
    Instances left;
    left.ignored = std::move(target_.instances.ignored);
    for (size_t i = 0; i < target_.instances.size(); ++i) {
      Box box = target_.instances.boxes[i];
      std::vector<uint8_t>& mask = target_.instances.masks[i];
      if (touched_[i]) {
        const PixelBox extent =
            MaskExtent(mask, target_.image.height, target_.image.width);
        if (extent.empty()) continue;
        box = ToBox(extent);
      }
      left.Add(box, target_.instances.labels[i], std::move(mask));
    }
    target_.instances = std::move(left);
  }

 private:
  void Cover(int64_t at, const uint8_t* rgb, std::vector<uint8_t>& mask) {
    const auto i = static_cast<size_t>(at);
    std::copy(rgb, rgb + 3, &target_.image.pixels[i * 3]);
    for (size_t m = 0; m < target_.instances.size(); ++m) {
      uint8_t& below = target_.instances.masks[m][i];
      if (below != 0) touched_[m] = true;
      below = 0;
    }
    if (!target_.instances.ignored.empty()) target_.instances.ignored[i] = 0;
    mask[i] = 1;
  }

  LabelledImage& target_;
  std::vector<bool> touched_;  // of the target's instances
};

}  // namespace

void PasteObjects(const LabelledImage& source, const PasteOptions& options,
                  RandomStream& random, LabelledImage& target) {
  Canvas canvas(target);
  const int limit = std::max(target.image.height, target.image.width);
  for (size_t i = 0; i < source.instances.size(); ++i) {
    const bool chosen = random.Chance(.5);
    const bool mirrored = random.Chance(.5) && options.mirror;
    const PixelBox extent = MaskExtent(source.instances.masks[i],
                                       source.image.height, source.image.width);
    if (!chosen || extent.empty()) continue;
    double zoom = options.zoom;
    if (options.reduce < 1) zoom *= std::pow(options.reduce, random.Uniform());
    canvas.Paste(CutOut(source, i, extent, zoom, limit),
                 source.instances.labels[i], mirrored, random);
  }
  canvas.Finish();
}

}  // namespace fcis::data
