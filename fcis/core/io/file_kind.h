// What a file is by its first bytes, whatever its name says.
#ifndef FCIS_CORE_IO_FILE_KIND_H_
#define FCIS_CORE_IO_FILE_KIND_H_

#include "absl/strings/string_view.h"

namespace fcis {

enum class FileKind {
  kUnknown,
  kGzip,
  kZip,
  kBzip2,
  kXz,
  kZstd,
  kTar,
  kUtf16,
  kUtf32,
  kHtml,
  kXml,
  kGitLfs,
  kPickle,
  kAppleDouble,
  kJpeg,
  kPng,
  kGif,
  kWebp,
  kBmp,
  kTiff,
  kHeif,  // AVIF too
  kJpeg2000,
  kPdf,
  kMp4,  // QuickTime too
  kMatroska,
  kAvi,
  kFlv,
  kOgg,
  kAsf,
  kMpeg,
  kY4m,
};

// Of the first bytes of a file; 512 are enough.
FileKind KindOfBytes(absl::string_view bytes);

// "a gzip file", "an HTML page (...)": what it is, and what to do about it
// where that is not plain. "": kUnknown.
absl::string_view Describe(FileKind kind);

}  // namespace fcis

#endif  // FCIS_CORE_IO_FILE_KIND_H_
