#include "fcis/data/codec/png.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::data {
namespace {

constexpr absl::string_view kSignature("\x89PNG\r\n\x1A\n", 8);
// Measured on photographs, with the one filter for all rows and runs instead of
// matches: an eighth of the time of libpng's defaults on one core for 10 to 20
// % more bytes.
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

  absl::StatusOr<PngLabels> DecodeLabels(int64_t max_pixels) {
    ASSIGN_OR_RETURN(const ImageSize size, ReadSize(max_pixels));
    const png_byte type = png_get_color_type(png_, info_);
    PngLabels labels;
    labels.height = size.height;
    labels.width = size.width;
    labels.colors =
        type != PNG_COLOR_TYPE_PALETTE && (type & PNG_COLOR_MASK_COLOR) != 0;
    // Gray of 16 bits has two bytes, and so has nothing else.
    const bool wide = !labels.colors && png_get_bit_depth(png_, info_) == 16;
    const size_t each = labels.colors ? 3 : wide ? 2 : 1;
    const size_t pixels = size_t{1} * size.height * size.width;
    std::vector<uint8_t> bytes(pixels * each);
    if (!ReadStored(each, bytes)) return Error();
    labels.labels.resize(pixels);
    for (size_t i = 0; i < bytes.size(); ++i) {
      uint32_t& label = labels.labels[i / each];
      label = label << 8 | bytes[i];
    }
    return labels;
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
      // Nothing but size, palette and pixels is read: texts and profiles may
      // unpack to 8 MB each, and a file has room for many.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
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
      ReadRows(3, image->pixels.data());
    });
  }

  // As the file has them; of colours the upper 8 bits.
  bool ReadStored(size_t bytes_per_pixel, std::vector<uint8_t>& pixels) {
    return Guarded(png_, [&] {
      png_set_packing(png_);
      if (bytes_per_pixel == 3) png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      ReadRows(bytes_per_pixel, pixels.data());
    });
  }

  // Within Guarded().
  void ReadRows(size_t bytes_per_pixel, uint8_t* pixels) {
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    const size_t row = png_get_rowbytes(png_, info_);
    if (row != bytes_per_pixel * png_get_image_width(png_, info_)) {
      png_error(png_, "its pixels do not become what is expected");
    }
    const png_uint_32 height = png_get_image_height(png_, info_);
    for (int pass = 0; pass < passes; ++pass) {
      for (png_uint_32 y = 0; y < height; ++y) {
        png_read_row(png_, pixels + y * row, nullptr);
      }
    }
    png_read_end(png_, nullptr);
  }

  PngSession session_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// The zlib stream (RFC 1950) of an image's rows. Parts of it are compressed
// side by side, each with its own Huffman codes: where they begin depends on
// the image alone, so the bytes do not on the number of threads.
class RowCompressor {
 public:
  // fill(y, out) writes the `row_bytes` of a filtered row.
  using FillRow = absl::FunctionRef<void(int y, uint8_t* out)>;

  RowCompressor(int height, size_t row_bytes, int strategy)
      : height_(height),
        row_bytes_(row_bytes),
        strategy_(strategy),
        part_rows_(std::max<int>(kPartBytes / row_bytes, 1)),
        parts_((height + part_rows_ - 1) / part_rows_) {}

  absl::StatusOr<std::string> Compress(FillRow fill) {
    ParallelForEach(parts_.size(), 1, [&](size_t i) { CompressPart(i, fill); });
    std::string stream("\x78\x01", 2);  // deflate, 32 KiB, fastest
    uLong sum = adler32(0, nullptr, 0);
    for (const Part& part : parts_) {
      if (!part.done) return absl::ResourceExhaustedError("no memory");
      absl::StrAppend(&stream, part.bytes);
      sum = adler32_combine(sum, part.sum, part.size);
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
      stream.push_back(static_cast<char>(sum >> shift));
    }
    return stream;
  }

 private:
  struct Part {
    std::string bytes;
    uLong sum = 0;
    size_t size = 0;  // before compression
    bool done = false;
  };
  // Enough that the codes of a part weigh nothing, little enough that a small
  // picture keeps several cores busy.
  static constexpr size_t kPartBytes = size_t{64} << 10;

  void CompressPart(size_t i, FillRow fill) {
    Part& part = parts_[i];
    const int begin = i * part_rows_;
    const int end = std::min(begin + part_rows_, height_);
    std::vector<uint8_t> rows((end - begin) * row_bytes_);
    for (int y = begin; y < end; ++y) {
      fill(y, &rows[(y - begin) * row_bytes_]);
    }
    part.size = rows.size();
    part.sum = adler32(adler32(0, nullptr, 0), rows.data(), rows.size());
    part.done = Deflate(rows, i + 1 == parts_.size(), &part.bytes);
  }

  // Raw deflate that ends at a byte, and at the end of the stream if `last`.
  bool Deflate(std::vector<uint8_t>& rows, bool last, std::string* out) const {
    z_stream stream = {};
    constexpr int kRaw = -15, kMemory = 9;
    if (deflateInit2(&stream, kCompressionLevel, Z_DEFLATED, kRaw, kMemory,
                     strategy_) != Z_OK) {
      return false;
    }
    constexpr size_t kFlush = 16;  // what a flush may add to the bound
    out->resize(deflateBound(&stream, rows.size()) + kFlush);
    stream.next_in = rows.data();
    stream.avail_in = rows.size();
    stream.next_out = reinterpret_cast<Bytef*>(&(*out)[0]);
    stream.avail_out = out->size();
    const int code = deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
    out->resize(stream.total_out);
    deflateEnd(&stream);
    return code == (last ? Z_STREAM_END : Z_OK) && stream.avail_in == 0;
  }

  const int height_;
  const size_t row_bytes_;
  const int strategy_;
  const int part_rows_;
  std::vector<Part> parts_;
};

// Each byte without the one above it.
absl::StatusOr<std::string> CompressRgb(const uint8_t* pixels, int height,
                                        int width) {
  const size_t bytes = size_t{3} * width;
  return RowCompressor(height, bytes + 1, Z_RLE)
      .Compress([&](int y, uint8_t* out) {
        const uint8_t* row = pixels + y * bytes;
        *out++ = PNG_FILTER_VALUE_UP;
        if (y == 0) {
          std::copy_n(row, bytes, out);
          return;
        }
        for (size_t i = 0; i < bytes; ++i) out[i] = row[i] - (row - bytes)[i];
      });
}

// Eight pixels a byte, the first in the highest bit.
absl::StatusOr<std::string> CompressMask(const uint8_t* mask, int height,
                                         int width) {
  const size_t bytes = (size_t{1} * width + 7) / 8;
  return RowCompressor(height, bytes + 1, Z_DEFAULT_STRATEGY)
      .Compress([&](int y, uint8_t* out) {
        const uint8_t* row = mask + size_t{1} * y * width;
        *out++ = PNG_FILTER_VALUE_NONE;
        std::fill_n(out, bytes, uint8_t{0});
        for (int x = 0; x < width; ++x) {
          if (row[x] != 0) out[x / 8] |= 0x80 >> (x % 8);
        }
      });
}

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

  // The file around the compressed rows.
  absl::StatusOr<std::string> Encode(const std::string& rows, int height,
                                     int width, int depth, int color_type) {
    if (info_ == nullptr) return absl::ResourceExhaustedError("no memory");
    const bool done = Guarded(png_, [&] {
      png_set_write_fn(png_, &session_, OnWrite, OnFlush);
      png_set_IHDR(png_, info_, width, height, depth, color_type,
                   PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                   PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png_, info_);
      WriteChunks("IDAT", rows);
      WriteChunks("IEND", "");
    });
    if (done) return std::move(session_.written);
    return absl::InternalError(
        absl::StrCat("cannot make a PNG: ", session_.message));
  }

 private:
  // A chunk has less than 2 GiB.
  void WriteChunks(const char* name, absl::string_view bytes) {
    constexpr size_t kMost = size_t{1} << 30;
    do {
      const absl::string_view part = bytes.substr(0, kMost);
      png_write_chunk(png_, reinterpret_cast<png_const_bytep>(name),
                      reinterpret_cast<png_const_bytep>(part.data()),
                      part.size());
      bytes.remove_prefix(part.size());
    } while (!bytes.empty());
  }

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

absl::StatusOr<PngLabels> DecodePngLabels(absl::string_view bytes,
                                          int64_t max_pixels) {
  return PngDecoder(bytes).DecodeLabels(max_pixels);
}

absl::StatusOr<ImageSize> PngSize(absl::string_view bytes, int64_t max_pixels) {
  return PngDecoder(bytes).ReadSize(max_pixels);
}

absl::StatusOr<std::string> EncodePng(const Image& image) {
  RETURN_IF_ERROR(CheckSize(image.height, image.width,
                            size_t{3} * image.height * image.width,
                            image.pixels.size()));
  ASSIGN_OR_RETURN(const std::string rows,
                   CompressRgb(image.pixels.data(), image.height, image.width));
  return PngEncoder().Encode(rows, image.height, image.width, 8,
                             PNG_COLOR_TYPE_RGB);
}

absl::StatusOr<std::string> EncodeMaskPng(absl::Span<const uint8_t> mask,
                                          int height, int width) {
  RETURN_IF_ERROR(
      CheckSize(height, width, size_t{1} * height * width, mask.size()));
  ASSIGN_OR_RETURN(const std::string rows,
                   CompressMask(mask.data(), height, width));
  return PngEncoder().Encode(rows, height, width, 1, PNG_COLOR_TYPE_GRAY);
}

}  // namespace fcis::data
