#include "fcis/data/codec/png.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

constexpr absl::string_view kSignature("\x89PNG\r\n\x1A\n", 8);
// Measured on photographs, with one filter for all rows: a sixth of the time of
// libpng's defaults for 10 to 20 % more bytes.
constexpr int kCompressionLevel = 1;

// What libpng's calls back to. libpng reports an error by a call that must not
// return: it jumps to Guarded(). So whatever runs there has no destructors.
struct PngSession {
  char message[256] = "";
  absl::string_view unread;  // when reading
  std::string written;       // when writing
};

[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  auto* session = static_cast<PngSession*>(png_get_error_ptr(png));
  std::snprintf(session->message, sizeof(session->message), "%s", message);
  png_longjmp(png, 1);
}

void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep out, size_t size) {
  auto* session = static_cast<PngSession*>(png_get_io_ptr(png));
  if (session->unread.size() < size) png_error(png, "truncated");
  std::memcpy(out, session->unread.data(), size);
  session->unread.remove_prefix(size);
}

void OnWrite(png_structp png, png_bytep bytes, size_t size) {
  auto* session = static_cast<PngSession*>(png_get_io_ptr(png));
  bool written = true;
  try {
    session->written.append(reinterpret_cast<const char*>(bytes), size);
  } catch (const std::bad_alloc&) {
    written = false;
  }
  if (!written) png_error(png, "no memory");
}

void OnFlush(png_structp) {}

template <typename Function>
bool Guarded(png_structp png, const Function& function) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  function();
  return true;
}

class PngDecoder {
 public:
  explicit PngDecoder(absl::string_view bytes) {
    session_.unread = bytes;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session_, OnError,
                                  OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

  absl::StatusOr<Image> Decode(int64_t max_pixels) {
    if (info_ == nullptr) return absl::ResourceExhaustedError("no memory");
    if (!ReadHeader()) return Error();
    ASSIGN_OR_RETURN(
        Image image,
        AllocateImage(png_get_image_height(png_, info_),
                      png_get_image_width(png_, info_), max_pixels));
    if (!ReadPixels(&image)) return Error();
    return image;
  }

  absl::StatusOr<ImageSize> ReadSize(int64_t max_pixels) {
    if (info_ == nullptr) return absl::ResourceExhaustedError("no memory");
    if (!ReadHeader()) return Error();
    return CheckImageSize(png_get_image_height(png_, info_),
                          png_get_image_width(png_, info_), max_pixels);
  }

 private:
  absl::Status Error() const {
    return absl::InvalidArgumentError(
        absl::StrCat("bad PNG data: ", session_.message));
  }

  bool ReadHeader() {
    return Guarded(png_, [this] {
      png_set_read_fn(png_, &session_, OnRead);
      // AllocateImage() has the limit.
      constexpr png_uint_32 kNoLimit = std::numeric_limits<int32_t>::max();
      png_set_user_limits(png_, kNoLimit, kNoLimit);
      png_read_info(png_, info_);
    });
  }

  bool ReadPixels(Image* image) {
    return Guarded(png_, [this, image] {
      png_set_palette_to_rgb(png_);
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_gray_to_rgb(png_);
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      const int passes = png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
      if (png_get_rowbytes(png_, info_) != size_t{3} * image->width) {
        png_error(png_, "its pixels do not become RGB");
      }
      for (int pass = 0; pass < passes; ++pass) {
        for (int y = 0; y < image->height; ++y) {
          png_read_row(png_, image->row(y), nullptr);
        }
      }
      png_read_end(png_, nullptr);
    });
  }

  PngSession session_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

class PngEncoder {
 public:
  PngEncoder() {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &session_, OnError,
                                   OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  PngEncoder(const PngEncoder&) = delete;
  PngEncoder& operator=(const PngEncoder&) = delete;
  ~PngEncoder() { png_destroy_write_struct(&png_, &info_); }

  // Rows of `row_bytes`; of a 1-bit PNG too each byte is one pixel.
  absl::StatusOr<std::string> Encode(const uint8_t* pixels, int height,
                                     int width, int depth, int color_type) {
    if (info_ == nullptr) return absl::ResourceExhaustedError("no memory");
    const size_t row_bytes =
        size_t{color_type == PNG_COLOR_TYPE_RGB ? 3u : 1u} * width;
    const bool done = Guarded(png_, [=] {
      png_set_write_fn(png_, &session_, OnWrite, OnFlush);
      png_set_IHDR(png_, info_, width, height, depth, color_type,
                   PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                   PNG_FILTER_TYPE_DEFAULT);
      png_set_compression_level(png_, kCompressionLevel);
      png_set_filter(png_, PNG_FILTER_TYPE_BASE,
                     depth == 8 ? PNG_FILTER_SUB : PNG_FILTER_NONE);
      png_write_info(png_, info_);
      png_set_packing(png_);
      for (int y = 0; y < height; ++y) {
        png_write_row(png_, pixels + y * row_bytes);
      }
      png_write_end(png_, nullptr);
    });
    if (done) return std::move(session_.written);
    return absl::InternalError(
        absl::StrCat("cannot make a PNG: ", session_.message));
  }

 private:
  PngSession session_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

absl::Status CheckSize(int height, int width, size_t expected, size_t actual) {
  if (height > 0 && width > 0 && expected == actual) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("cannot make a PNG of ", width, "x", height, " pixels from ",
                   actual, " bytes, expected ", expected));
}

}  // namespace

bool IsPng(absl::string_view bytes) {
  return absl::StartsWith(bytes, kSignature);
}

absl::StatusOr<Image> DecodePng(absl::string_view bytes, int64_t max_pixels) {
  return PngDecoder(bytes).Decode(max_pixels);
}

absl::StatusOr<ImageSize> PngSize(absl::string_view bytes, int64_t max_pixels) {
  return PngDecoder(bytes).ReadSize(max_pixels);
}

absl::StatusOr<std::string> EncodePng(const Image& image) {
  RETURN_IF_ERROR(CheckSize(image.height, image.width,
                            size_t{3} * image.height * image.width,
                            image.pixels.size()));
  return PngEncoder().Encode(image.pixels.data(), image.height, image.width, 8,
                             PNG_COLOR_TYPE_RGB);
}

absl::StatusOr<std::string> EncodeMaskPng(absl::Span<const uint8_t> mask,
                                          int height, int width) {
  RETURN_IF_ERROR(
      CheckSize(height, width, size_t{1} * height * width, mask.size()));
  return PngEncoder().Encode(mask.data(), height, width, 1,
                             PNG_COLOR_TYPE_GRAY);
}

}  // namespace fcis
