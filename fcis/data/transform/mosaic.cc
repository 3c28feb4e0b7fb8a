#include "fcis/data/transform/mosaic.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/resize.h"
#include "fcis/data/transform/crop.h"

namespace fcis::data {
namespace {

// Where the picture is cut, in shares of its sides.
constexpr double kFirstCut = .3, kLastCut = .7;
// Shares of the sides of the largest window that fits in.
constexpr double kSmallestWindow = .7071;
// Objects of which less is left are ignored.
constexpr double kLeastShare = .2;

// A random window of the quarter's shape.
PixelBox ChooseWindow(const Image& image, const PixelBox& quarter,
                      RandomStream& random) {
  const double fit =
      std::min(static_cast<double>(image.height) / quarter.height(),
               static_cast<double>(image.width) / quarter.width());
  const double scale = fit * random.Uniform(kSmallestWindow, 1);
  const int height = RoundedSide(quarter.height() * scale, image.height);
  const int width = RoundedSide(quarter.width() * scale, image.width);
  const int y = random.Integer(0, image.height - height);
  const int x = random.Integer(0, image.width - width);
  return {x, y, x + width, y + height};
}

// The mask's pixels in the window.
int64_t AreaIn(const std::vector<uint8_t>& mask, int width,
               const PixelBox& window) {
  int64_t area = 0;
  for (int y = window.y0; y < window.y1; ++y) {
    const auto row = mask.begin() + int64_t{y} * width;
    area += std::count(row + window.x0, row + window.x1, 1);
  }
  return area;
}

// What the window shows; objects that are hardly in it are ignored.
LabelledImage PartOf(LabelledImage picture, const PixelBox& window) {
  Instances kept;
  kept.ignored = std::move(picture.instances.ignored);
  for (size_t i = 0; i < picture.instances.size(); ++i) {
    std::vector<uint8_t>& mask = picture.instances.masks[i];
    const int64_t left = AreaIn(mask, picture.image.width, window);
    if (left == 0) continue;
    if (static_cast<double>(left) <
        kLeastShare * static_cast<double>(absl::c_count(mask, 1))) {
      kept.Ignore(mask);
    } else {
      kept.Add(picture.instances.boxes[i], picture.instances.labels[i],
               std::move(mask));
    }
  }
  picture.instances = std::move(kept);
  return Crop(picture, window);
}

class Canvas {
 public:
  Canvas(int height, int width) { picture_.image = Image(height, width); }

  // Shows the part, resized, in the quarter.
  void Put(const LabelledImage& part, const PixelBox& quarter) {
    const Image image =
        ResizeImage(part.image, quarter.height(), quarter.width());
    for (int y = 0; y < image.height; ++y) {
      std::copy(image.row(y), image.row(y) + int64_t{3} * image.width,
                picture_.image.row(quarter.y0 + y) + int64_t{3} * quarter.x0);
    }
    const float sy = static_cast<float>(quarter.height()) /
                     static_cast<float>(part.image.height);
    const float sx = static_cast<float>(quarter.width()) /
                     static_cast<float>(part.image.width);
    const auto dy = static_cast<float>(quarter.y0);
    const auto dx = static_cast<float>(quarter.x0);
    for (size_t i = 0; i < part.instances.size(); ++i) {
      const Box& b = part.instances.boxes[i];
      picture_.instances.Add(
          {b.x0 * sx + dx, b.y0 * sy + dy, b.x1 * sx + dx, b.y1 * sy + dy},
          part.instances.labels[i],
          Place(part.instances.masks[i], part.image, quarter));
    }
    if (!part.instances.ignored.empty()) {
      picture_.instances.Ignore(
          Place(part.instances.ignored, part.image, quarter));
    }
  }

  LabelledImage Take() { return std::move(picture_); }

 private:
  // A part's mask on the whole canvas.
  std::vector<uint8_t> Place(const std::vector<uint8_t>& mask,
                             const Image& part, const PixelBox& quarter) const {
    std::vector<uint8_t> resized(static_cast<size_t>(quarter.height()) *
                                 quarter.width());
    ResizeNearest(mask.data(), part.height, part.width, resized.data(),
                  quarter.height(), quarter.width());
    const int64_t width = picture_.image.width;
    std::vector<uint8_t> placed(static_cast<size_t>(picture_.image.height) *
                                width);
    for (int y = 0; y < quarter.height(); ++y) {
      const auto row = resized.begin() + int64_t{y} * quarter.width();
      std::copy(row, row + quarter.width(),
                placed.begin() + (quarter.y0 + y) * width + quarter.x0);
    }
    return placed;
  }

  LabelledImage picture_;
};

}  // namespace

LabelledImage Mosaic(std::array<LabelledImage, 4> pictures,
                     RandomStream& random) {
  const int height = pictures[0].image.height, width = pictures[0].image.width;
  const auto cut = [&random](int length) {
    return RoundedSide(length * random.Uniform(kFirstCut, kLastCut),
                       std::max(1, length - 1));
  };
  const int y = cut(height), x = cut(width);
  const std::array<PixelBox, 4> quarters = {{{0, 0, x, y},
                                             {x, 0, width, y},
                                             {0, y, x, height},
                                             {x, y, width, height}}};
  Canvas canvas(height, width);
  for (size_t i = 0; i < quarters.size(); ++i) {
    if (quarters[i].empty()) continue;  // a picture of one row or column
    const PixelBox window =
        ChooseWindow(pictures[i].image, quarters[i], random);
    canvas.Put(PartOf(std::move(pictures[i]), window), quarters[i]);
  }
  return canvas.Take();
}

}  // namespace fcis::data
