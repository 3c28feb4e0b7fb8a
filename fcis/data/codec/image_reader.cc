#include "fcis/data/codec/image_reader.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/png.h"

namespace fcis {

absl::StatusOr<Image> DecodeImage(absl::string_view bytes,
                                  const ReadOptions& options) {
  if (IsJpeg(bytes)) return DecodeJpeg(bytes, options.max_pixels);
  if (IsPng(bytes)) return DecodePng(bytes, options.max_pixels);
  if (bytes.empty()) return absl::InvalidArgumentError("the file is empty");
  const absl::string_view kind = Describe(KindOfBytes(bytes));
  return absl::InvalidArgumentError(
      kind.empty() ? "neither a JPEG nor a PNG file"
                   : absl::StrCat("neither a JPEG nor a PNG file, but ", kind));
}

absl::StatusOr<Image> ReadImage(const std::string& path,
                                const ReadOptions& options) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  absl::StatusOr<Image> image = DecodeImage(bytes, options);
  if (image.ok()) return image;
  return absl::Status(image.status().code(),
                      absl::StrCat(path, ": ", image.status().message()));
}

}  // namespace fcis
