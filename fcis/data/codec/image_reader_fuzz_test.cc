// Whatever the bytes: a whole picture or an error, of each reader. A picture
// that was read is written as PNG and read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/string_view.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/core/testing/png_mutator.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/orientation.h"
#include "fcis/data/codec/png.h"

namespace fcis::data {
namespace {

constexpr int64_t kMaxPixels = 1 << 20;

void CheckImage(const Image& image) {
  const int64_t pixels = int64_t{image.height} * image.width;
  ABSL_RAW_CHECK(pixels >= 1 && pixels <= kMaxPixels &&
                     static_cast<int64_t>(image.pixels.size()) == 3 * pixels,
                 "size");
  const auto again = DecodePng(EncodePng(image).value(), kMaxPixels);
  ABSL_RAW_CHECK(again.ok() && again->pixels == image.pixels, "as PNG");
}

// Bits, as a mask's file has them.
void CheckLabels(const PngLabels& picture) {
  std::string mask;
  for (const uint32_t label : picture.labels) {
    mask.push_back(static_cast<char>(label & 1));
  }
  const auto png = EncodeMaskPng(
      absl::MakeSpan(reinterpret_cast<const uint8_t*>(mask.data()),
                     mask.size()),
      picture.height, picture.width);
  const auto again = DecodePngLabels(png.value(), kMaxPixels);
  ABSL_RAW_CHECK(again.ok() && again->labels.size() == picture.labels.size(),
                 "as a mask");
  for (size_t i = 0; i < picture.labels.size(); ++i) {
    ABSL_RAW_CHECK(again->labels[i] == (picture.labels[i] & 1), "as a mask");
  }
}

void Read(absl::string_view bytes) {
  const absl::StatusOr<Image> image = DecodeImage(bytes, {kMaxPixels});
  if (image.ok()) CheckImage(*image);
  const MemoryFile file(bytes);
  const absl::StatusOr<ImageSize> size =
      ReadImageSize(file.path(), {kMaxPixels});
  ABSL_RAW_CHECK(size.ok() || !image.ok(), "a size");
  if (image.ok()) {
    ABSL_RAW_CHECK(size->height == image->height && size->width == image->width,
                   "size");
    ABSL_RAW_CHECK(
        ReadImage(file.path(), {kMaxPixels})->pixels == image->pixels,
        "as a file");
  }
  (void)DescribeSizeMismatch(file.path(), 1, 2, 3, 4);
  const auto labels = DecodePngLabels(bytes, kMaxPixels);
  if (labels.ok()) CheckLabels(*labels);
  // The bytes as a camera's notes, which JPEG has.
  const int orientation = ExifOrientation(bytes);
  ABSL_RAW_CHECK(orientation >= 1 && orientation <= 8, "orientation");
}

}  // namespace
}  // namespace fcis::data

#ifdef FCIS_FUZZ
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!fcis::data::IsPng(bytes) || seed % 3 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::string mutated = fcis::MutatePng(bytes, seed);
  if (mutated.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  mutated.copy(reinterpret_cast<char*>(data), mutated.size());
  return mutated.size();
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fcis::data::Read(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
