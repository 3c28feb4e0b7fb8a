#include "fcis/data/synth/scene.h"

#include <algorithm>
#include <cmath>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/random_stream.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/synth/shape.h"

namespace fcis::data {
namespace {

constexpr double kUsualWidth = 320;
constexpr int kMinSide = 32;
// Medians and spreads of log sqrt(area), below and above the median, before
// anything is hidden.
constexpr double kMedianSide = 80, kSpreadBelow = .27, kSpreadAbove = .35;
// Placed so that something is hidden or cut. One such object touches one or two
// more.
constexpr double kTroubleShare = .1;
constexpr double kLeastInside = .45;   // of an object, within the picture
constexpr double kLeastVisible = .35;  // of an object, when all is painted
constexpr int kAttempts = 80;
// Attempts look at one pixel in so many in each direction.
constexpr int kStride = 4;
constexpr int kBackground = -1;

// Which object each pixel shows.
struct Owners {
  int height, width;
  std::vector<int8_t> at;

  int8_t* row(int y) { return at.data() + static_cast<size_t>(y) * width; }
};

// A pixel range that holds a shape, clipped to the picture or not.
struct Range {
  int x0, x1, y0, y1;
};

Range RangeOf(const PaintedShape& shape) {
  return {static_cast<int>(std::floor(shape.x() - shape.half_width())),
          static_cast<int>(std::ceil(shape.x() + shape.half_width())) + 1,
          static_cast<int>(std::floor(shape.y() - shape.half_height())),
          static_cast<int>(std::ceil(shape.y() + shape.half_height())) + 1};
}

Range Clip(Range range, int height, int width) {
  return {std::max(range.x0, 0), std::min(range.x1, width),
          std::max(range.y0, 0), std::min(range.y1, height)};
}

class Painter {
 public:
  Painter(int height, int width, RandomStream random)
      : random_(random),
        scale_(width / kUsualWidth),
        light_x_(random_.Uniform(-.35, .35) / width),
        light_y_(random_.Uniform(-.35, .35) / height) {
    scene_.image = Image(height, width);
    owners_ = {
        height, width,
        std::vector<int8_t>(static_cast<size_t>(height) * width, kBackground)};
    colors_.resize(owners_.at.size());
  }

  Scene Paint();

 private:
  // What a placement would do.
  struct Outlook {
    bool possible = false;
    bool trouble = false;
  };

  double RandomSide();
  Outlook Look(const PaintedShape& shape);
  PaintedShape Place();
  void PaintBackground();
  void PaintLine();
  void PaintSpeck();
  void PaintShape(const PaintedShape& shape);
  void Blend(int x, int y, const Rgb& color, double share);
  void Develop();
  void Collect();

  RandomStream random_;
  const double scale_;
  const double light_x_, light_y_;  // brightness per pixel
  Scene scene_;
  Owners owners_;
  std::vector<Rgb> colors_;
  std::vector<double> visible_;  // pixels of each object
};

void Painter::Blend(int x, int y, const Rgb& color, double share) {
  Rgb& pixel = colors_[static_cast<size_t>(y) * owners_.width + x];
  for (size_t c = 0; c < 3; ++c) {
    pixel[c] += static_cast<float>(share) * (color[c] - pixel[c]);
  }
}

void Painter::PaintBackground() {
  const Texture texture(random_, scale_);
  for (int y = 0; y < owners_.height; ++y) {
    for (int x = 0; x < owners_.width; ++x) {
      colors_[static_cast<size_t>(y) * owners_.width + x] = texture.At(x, y);
    }
  }
}

void Painter::PaintLine() {
  const double x0 = random_.Uniform(0, owners_.width);
  const double y0 = random_.Uniform(0, owners_.height);
  const double turn = random_.Uniform(0, 6.283185307179586);
  const double length = scale_ * random_.Uniform(15, 70);
  const double half = scale_ * random_.Uniform(.4, 2.2);
  const double dx = std::cos(turn), dy = std::sin(turn);
  const Rgb color = RandomColor(random_);
  const double reach = length + half + 1;
  const Range range =
      Clip({static_cast<int>(x0 - reach), static_cast<int>(x0 + reach) + 1,
            static_cast<int>(y0 - reach), static_cast<int>(y0 + reach) + 1},
           owners_.height, owners_.width);
  for (int y = range.y0; y < range.y1; ++y) {
    for (int x = range.x0; x < range.x1; ++x) {
      const double along = (x - x0) * dx + (y - y0) * dy;
      const double across = std::abs((y - y0) * dx - (x - x0) * dy);
      if (along < 0 || along > length) continue;
      Blend(x, y, color, std::min(std::max(half + .5 - across, 0.0), 1.0));
    }
  }
}

void Painter::PaintSpeck() {
  const double side = scale_ * random_.Uniform(4, 11);
  const PaintedShape shape(
      random_.Integer(0, kNumShapes - 1), random_.Uniform(0, owners_.width),
      random_.Uniform(0, owners_.height), side * side, random_);
  const Rgb color = RandomColor(random_);
  const Range range = Clip(RangeOf(shape), owners_.height, owners_.width);
  for (int y = range.y0; y < range.y1; ++y) {
    for (int x = range.x0; x < range.x1; ++x) {
      if (shape.Contains(x, y)) Blend(x, y, color, 1);
    }
  }
}

double Painter::RandomSide() {
  const double normal = random_.Normal();
  return scale_ * kMedianSide *
         std::exp(normal * (normal < 0 ? kSpreadBelow : kSpreadAbove));
}

Painter::Outlook Painter::Look(const PaintedShape& shape) {
  const Range range = RangeOf(shape);
  double full = 0, inside = 0;
  std::vector<double> hidden(visible_.size(), 0);
  for (int y = range.y0; y < range.y1; y += kStride) {
    for (int x = range.x0; x < range.x1; x += kStride) {
      if (!shape.Contains(x, y)) continue;
      full += kStride * kStride;
      if (x < 0 || y < 0 || x >= owners_.width || y >= owners_.height) continue;
      inside += kStride * kStride;
      const int owner = owners_.row(y)[x];
      if (owner != kBackground) {
        hidden[static_cast<size_t>(owner)] += kStride * kStride;
      }
    }
  }
  constexpr double kCut = .97;
  Outlook outlook;
  outlook.possible = inside >= kLeastInside * full && inside > 0;
  outlook.trouble = inside < kCut * full;
  for (size_t i = 0; i < hidden.size(); ++i) {
    outlook.trouble |= hidden[i] > 0;
    outlook.possible &=
        visible_[i] - hidden[i] >= kLeastVisible * scene_.objects[i].full_area;
  }
  return outlook;
}

// A shape in a place where it does what it should, if one is found. Its size
// does not depend on that, else large ones would be rare.
PaintedShape Painter::Place() {
  const bool trouble = random_.Chance(kTroubleShare);
  const int label = random_.Integer(0, kNumShapes - 1);
  const double side = RandomSide();
  for (int i = 0;; ++i) {
    const double x = random_.Uniform(0, owners_.width);
    const double y = random_.Uniform(0, owners_.height);
    const PaintedShape shape(label, x, y, side * side, random_);
    const Outlook outlook = Look(shape);
    const bool late = i >= kAttempts, too_late = i >= 10 * kAttempts;
    if ((outlook.possible && (outlook.trouble == trouble || late)) ||
        too_late) {
      return shape;
    }
  }
}

// How much of a pixel is covered, by four of its points.
double Coverage(const PaintedShape& shape, int x, int y) {
  int covered = 0;
  for (const double dy : {-.25, .25}) {
    for (const double dx : {-.25, .25}) {
      covered += shape.Contains(x + dx, y + dy);
    }
  }
  return covered / 4.0;
}

// The pixels whose middle lies inside, in the range of the shape and one more
// on each side.
class Silhouette {
 public:
  explicit Silhouette(const PaintedShape& shape)
      : range_(RangeOf(shape)), stride_(range_.x1 - range_.x0 + 2) {
    const int rows = range_.y1 - range_.y0 + 2;
    inside_.resize(static_cast<size_t>(stride_) * rows);
    for (int y = range_.y0; y < range_.y1; ++y) {
      for (int x = range_.x0; x < range_.x1; ++x) {
        inside_[At(x, y)] = shape.Contains(x, y);
      }
    }
  }

  const Range& range() const { return range_; }
  bool Contains(int x, int y) const { return inside_[At(x, y)]; }
  double area() const {
    return static_cast<double>(std::count(inside_.begin(), inside_.end(), 1));
  }
  // Whether a neighbour differs.
  bool IsEdge(int x, int y) const {
    const uint8_t* const p = inside_.data() + At(x, y);
    const int sum = p[-stride_ - 1] + p[-stride_] + p[-stride_ + 1] + p[-1] +
                    p[0] + p[1] + p[stride_ - 1] + p[stride_] + p[stride_ + 1];
    return sum > 0 && sum < 9;
  }

 private:
  size_t At(int x, int y) const {
    return static_cast<size_t>(y - range_.y0 + 1) * stride_ +
           static_cast<size_t>(x - range_.x0 + 1);
  }

  Range range_;
  int stride_;
  std::vector<uint8_t> inside_;
};

void Painter::PaintShape(const PaintedShape& shape) {
  const Texture texture(random_, scale_);
  const bool outlined = random_.Chance(.3);
  const Rgb outline = RandomColor(random_);
  const auto index = static_cast<int8_t>(scene_.objects.size());
  const Silhouette silhouette(shape);
  const Range range = Clip(silhouette.range(), owners_.height, owners_.width);
  for (int y = range.y0; y < range.y1; ++y) {
    for (int x = range.x0; x < range.x1; ++x) {
      const bool inside = silhouette.Contains(x, y);
      const bool edge = silhouette.IsEdge(x, y);
      if (inside) owners_.row(y)[x] = index;
      const double share = edge ? Coverage(shape, x, y) : inside;
      if (share == 0) continue;
      Blend(x, y, edge && outlined ? outline : texture.At(x, y), share);
    }
  }
  SceneObject object;
  object.label = shape.label();
  object.full_area = silhouette.area();
  scene_.objects.push_back(object);
  visible_.assign(scene_.objects.size(), 0);
  for (const int8_t owner : owners_.at) {
    if (owner != kBackground) ++visible_[static_cast<size_t>(owner)];
  }
}

// Light, noise and eight bits.
void Painter::Develop() {
  // A binomial of 64 throws has deviation 4.
  const double noise = random_.Uniform(2, 14) / 4;
  for (int y = 0; y < owners_.height; ++y) {
    uint8_t* const row = scene_.image.row(y);
    for (int x = 0; x < owners_.width; ++x) {
      const double light = 1 + light_x_ * (x - owners_.width / 2.0) +
                           light_y_ * (y - owners_.height / 2.0);
      for (size_t c = 0; c < 3; ++c) {
        const double value =
            light *
                static_cast<double>(
                    colors_[static_cast<size_t>(y) * owners_.width + x][c]) +
            noise * (__builtin_popcountll(random_.Bits()) - 32);
        row[3 * x + static_cast<int>(c)] = static_cast<uint8_t>(
            std::lround(std::min(std::max(value, 0.0), 255.0)));
      }
    }
  }
}

void Painter::Collect() {
  std::vector<uint8_t> mask(owners_.at.size());
  for (size_t i = 0; i < scene_.objects.size(); ++i) {
    for (size_t p = 0; p < mask.size(); ++p) {
      mask[p] = owners_.at[p] == static_cast<int8_t>(i);
    }
    scene_.objects[i].mask =
        EncodeRowMajor(mask.data(), owners_.height, owners_.width);
  }
  // Where no good place was to be had, one may be hidden altogether.
  scene_.objects.erase(
      std::remove_if(
          scene_.objects.begin(), scene_.objects.end(),
          [](const SceneObject& object) { return RleArea(object.mask) == 0; }),
      scene_.objects.end());
}

Scene Painter::Paint() {
  PaintBackground();
  for (int i = random_.Integer(6, 23); i > 0; --i) {
    if (random_.Chance(.5)) {
      PaintLine();
    } else {
      PaintSpeck();
    }
  }
  for (int i = random_.Integer(2, 6); i > 0; --i) PaintShape(Place());
  Develop();
  Collect();
  return std::move(scene_);
}

}  // namespace

Scene PaintScene(int height, int width, uint64_t seed, uint64_t number) {
  ABSL_RAW_CHECK(height >= kMinSide && width >= kMinSide, "a tiny scene");
  return Painter(height, width,
                 RandomStream(absl::StrCat("scene ", number), seed))
      .Paint();
}

}  // namespace fcis::data
