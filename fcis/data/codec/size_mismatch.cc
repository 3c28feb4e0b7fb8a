#include "fcis/data/codec/size_mismatch.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/orientation.h"

namespace fcis::data {

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
