#include "fcis/data/video/yuv.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fcis/core/base/parallel.h"

namespace fcis::data {
namespace {

// Luma from 0 to 1, chroma from -0.5 to 0.5.
struct Yuv {
  float y = 0, u = 0, v = 0;
};

struct Rgb {
  float r = 0, g = 0, b = 0;  // 0 to 1
};

// The matrices of ITU-R BT.601 and BT.709, by their shares of red and blue.
class Matrix {
 public:
  explicit Matrix(bool is_bt709)
      : kr_(is_bt709 ? 0.2126f : 0.299f),
        kb_(is_bt709 ? 0.0722f : 0.114f),
        kg_(1 - kr_ - kb_) {}

  Rgb ToRgb(const Yuv& in) const {
    const float r = in.y + 2 * (1 - kr_) * in.v;
    const float b = in.y + 2 * (1 - kb_) * in.u;
    return {r, (in.y - kr_ * r - kb_ * b) / kg_, b};
  }

  Yuv ToYuv(const Rgb& in) const {
    const float y = kr_ * in.r + kg_ * in.g + kb_ * in.b;
    return {y, (in.b - y) / (2 * (1 - kb_)), (in.r - y) / (2 * (1 - kr_))};
  }

 private:
  float kr_, kb_, kg_;
};

// What the numbers of a plane mean: value = (sample - zero) / span.
struct Scale {
  float zero = 0, span = 1;

  float ValueOf(float sample) const { return (sample - zero) / span; }
  float SampleOf(float value) const { return value * span + zero; }
};

uint8_t ToByte(float value) {
  return static_cast<uint8_t>(std::clamp(value, 0.0f, 1.0f) * 255 + 0.5f);
}

// The planes of a frame whose samples are of type T.
template <typename T>
class Planes {
 public:
  Planes(const VideoFormat& format, const char* bytes)
      : format_(format),
        matrix_(format.is_bt709()),
        max_((1 << format.bits) - 1),
        bytes_(bytes),
        u_at_(static_cast<size_t>(format.width) * format.height) {
    if (format.chroma != Chroma::kMono) {
      v_at_ = u_at_ + static_cast<size_t>(format.chroma_width()) *
                          format.chroma_height();
    }
    const float unit = 1 << (format.bits - 8);
    luma_ = format.full_range ? Scale{0, max_} : Scale{16 * unit, 219 * unit};
    chroma_ = {128 * unit, format.full_range ? max_ : 224 * unit};
  }

  void RowToRgb(int y, uint8_t* rgb) const {
    for (int x = 0; x < format_.width; ++x, rgb += 3) {
      Yuv yuv;
      yuv.y = luma_.ValueOf(Load(LumaAt(y, x)));
      if (v_at_ > 0) {
        const size_t at = ChromaAt(y >> format_.chroma_shift_y(),
                                   x >> format_.chroma_shift_x());
        yuv.u = chroma_.ValueOf(Load(u_at_ + at));
        yuv.v = chroma_.ValueOf(Load(v_at_ + at));
      }
      const Rgb out = matrix_.ToRgb(yuv);
      rgb[0] = ToByte(out.r);
      rgb[1] = ToByte(out.g);
      rgb[2] = ToByte(out.b);
    }
  }

  // The pixels that share the chroma sample (cy, cx). `out` are the bytes that
  // this was made of.
  void PutBlock(const Image& before, const Image& after, int cy, int cx,
                char* out) const {
    const int sx = format_.chroma_shift_x(), sy = format_.chroma_shift_y();
    const int y1 = std::min((cy + 1) << sy, format_.height);
    const int x1 = std::min((cx + 1) << sx, format_.width);
    int pixels = 0, drawn = 0;
    float u = 0, v = 0;  // sums over the drawn pixels
    for (int y = cy << sy; y < y1; ++y) {
      for (int x = cx << sx; x < x1; ++x, ++pixels) {
        const uint8_t* rgb = after.row(y) + size_t{3} * x;
        if (std::memcmp(rgb, before.row(y) + size_t{3} * x, 3) == 0) continue;
        const Yuv yuv =
            matrix_.ToYuv({rgb[0] / 255.0f, rgb[1] / 255.0f, rgb[2] / 255.0f});
        Store(LumaAt(y, x), luma_.SampleOf(yuv.y), out);
        u += chroma_.SampleOf(yuv.u);
        v += chroma_.SampleOf(yuv.v);
        ++drawn;
      }
    }
    if (drawn == 0 || v_at_ == 0) return;
    const size_t at = ChromaAt(cy, cx);
    const auto mean = [&](size_t plane, float sum) {
      const float others = (pixels - drawn) * Load(plane + at);
      Store(plane + at, (sum + others) / pixels, out);
    };
    mean(u_at_, u);
    mean(v_at_, v);
  }

 private:
  size_t LumaAt(int y, int x) const {
    return static_cast<size_t>(y) * format_.width + x;
  }
  size_t ChromaAt(int cy, int cx) const {
    return static_cast<size_t>(cy) * format_.chroma_width() + cx;
  }
  // Of the sample number `at` of the frame.
  float Load(size_t at) const {
    T sample;
    std::memcpy(&sample, bytes_ + at * sizeof(T), sizeof(T));
    return sample;
  }
  void Store(size_t at, float value, char* out) const {
    const T sample = static_cast<T>(std::clamp(value, 0.0f, max_) + 0.5f);
    std::memcpy(out + at * sizeof(T), &sample, sizeof(T));
  }

  const VideoFormat& format_;
  const Matrix matrix_;
  const float max_;
  const char* const bytes_;
  // Where a plane begins, in samples; v_at_ 0: no colours.
  const size_t u_at_;
  size_t v_at_ = 0;
  Scale luma_, chroma_;
};

template <typename T>
Image ImageOf(const VideoFormat& format, const char* bytes) {
  Image image(format.height, format.width);
  const Planes<T> planes(format, bytes);
  ParallelForEach(format.height, 16,
                  [&](int y) { planes.RowToRgb(y, image.row(y)); });
  return image;
}

bool RowsDiffer(const Image& a, const Image& b, int y0, int y1) {
  return std::memcmp(a.row(y0), b.row(y0), size_t{3} * a.width * (y1 - y0)) !=
         0;
}

template <typename T>
void Put(const VideoFormat& format, const Image& before, const Image& after,
         char* bytes) {
  const Planes<T> planes(format, bytes);
  const int rows = 1 << format.chroma_shift_y();
  for (int cy = 0; cy < format.chroma_height(); ++cy) {
    const int y0 = cy * rows, y1 = std::min(y0 + rows, format.height);
    if (!RowsDiffer(before, after, y0, y1)) continue;
    for (int cx = 0; cx < format.chroma_width(); ++cx) {
      planes.PutBlock(before, after, cy, cx, bytes);
    }
  }
}

}  // namespace

Image FrameImage(const VideoFormat& format, absl::string_view planes) {
  return format.sample_bytes() == 1 ? ImageOf<uint8_t>(format, planes.data())
                                    : ImageOf<uint16_t>(format, planes.data());
}

void PutDrawn(const VideoFormat& format, const Image& before,
              const Image& after, std::string* planes) {
  char* bytes = &(*planes)[0];
  if (format.sample_bytes() == 1) {
    Put<uint8_t>(format, before, after, bytes);
  } else {
    Put<uint16_t>(format, before, after, bytes);
  }
}

}  // namespace fcis::data
