#include "fcis/data/codec/image_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/orientation.h"
#include "fcis/data/codec/png.h"

namespace fcis::data {
namespace {

// More than the header of nearly all pictures.
constexpr size_t kHeaderBytes = size_t{1} << 14;

// A pipe among a data set's files would be waited for without end.
absl::Status CheckNoPipe(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode) ||
      S_ISDIR(info.st_mode)) {
    return absl::OkStatus();  // or an error of who opens it
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is a pipe or a device, expected a file"));
}

// Up to kHeaderBytes from the file's beginning.
absl::StatusOr<std::string> ReadBeginning(const std::string& path) {
  RETURN_IF_ERROR(CheckNoPipe(path));
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open", path, errno);
  const absl::Cleanup closer = [fd] { close(fd); };
  // No more of it is wanted.
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  std::string bytes(kHeaderBytes, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t n = read(fd, &bytes[size], bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus("cannot read", path, errno);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  return bytes;
}

// The error of what is no picture.
absl::Status NoPicture(absl::string_view bytes) {
  if (bytes.empty()) return absl::InvalidArgumentError("the file is empty");
  const absl::string_view kind = Describe(KindOfBytes(bytes));
  return absl::InvalidArgumentError(
      kind.empty() ? "neither a JPEG nor a PNG file"
                   : absl::StrCat("neither a JPEG nor a PNG file, but ", kind));
}

absl::StatusOr<ImageSize> SizeOf(absl::string_view bytes,
                                 const ReadOptions& options) {
  if (IsJpeg(bytes)) return JpegSize(bytes, options.max_pixels);
  if (IsPng(bytes)) return PngSize(bytes, options.max_pixels);
  return NoPicture(bytes);
}

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::string_view bytes,
                                  const ReadOptions& options) {
  if (IsJpeg(bytes)) return DecodeJpeg(bytes, options.max_pixels);
  if (IsPng(bytes)) return DecodePng(bytes, options.max_pixels);
  return NoPicture(bytes);
}

absl::StatusOr<Image> ReadImage(const std::string& path,
                                const ReadOptions& options) {
  RETURN_IF_ERROR(CheckNoPipe(path));
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return Within(path, DecodeImage(bytes, options));
}

absl::StatusOr<ImageSize> ReadImageSize(const std::string& path,
                                        const ReadOptions& options) {
  ASSIGN_OR_RETURN(std::string bytes, ReadBeginning(path));
  absl::StatusOr<ImageSize> size = SizeOf(bytes, options);
  if (!size.ok() && bytes.size() == kHeaderBytes) {  // a long header
    ASSIGN_OR_RETURN(bytes, ReadFile(path));
    size = SizeOf(bytes, options);
  }
  return Within(path, size);
}

std::string DescribeSizeMismatch(const std::string& path, int height, int width,
                                 int64_t wanted_height, int64_t wanted_width) {
  std::string text = absl::StrCat(path, " is ", width, "x", height,
                                  " (width x height), but the annotations say ",
                                  wanted_width, "x", wanted_height);
  const auto file = MappedFile::Open(path);
  if (height == wanted_width && width == wanted_height && file.ok() &&
      JpegOrientation((*file)->bytes()) >= kFirstTransposed) {
    absl::StrAppend(&text, "; EXIF turns it: stored ", height, "x", width,
                    ", shown ", width, "x", height);
  }
  return text;
}

}  // namespace fcis::data
