#include "fcis/core/io/file_kind.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace fcis {
namespace {

struct Signature {
  FileKind kind;
  size_t at;
  absl::string_view bytes;
};

// The first that fits counts.
constexpr Signature kSignatures[] = {
    {FileKind::kGzip, 0, "\x1f\x8b"},
    {FileKind::kZip, 0, "PK\x03\x04"},
    {FileKind::kZip, 0, "PK\x05\x06"},
    {FileKind::kBzip2, 0, "BZh"},
    {FileKind::kXz,
     0,
     {"\xfd"
      "7zXZ\0",
      6}},
    {FileKind::kZstd, 0, "\x28\xb5\x2f\xfd"},
    {FileKind::kTar, 257, {"ustar\0", 6}},
    {FileKind::kTar, 257, "ustar "},
    {FileKind::kUtf32, 0, {"\xff\xfe\0\0", 4}},
    {FileKind::kUtf32, 0, {"\0\0\xfe\xff", 4}},
    {FileKind::kUtf16, 0, "\xff\xfe"},
    {FileKind::kUtf16, 0, "\xfe\xff"},
    {FileKind::kGitLfs, 0, "version https://git-lfs"},
    {FileKind::kPickle, 0, "\x80\x02"},
    {FileKind::kPickle, 0, "\x80\x03"},
    {FileKind::kPickle, 0, "\x80\x04"},
    {FileKind::kPickle, 0, "\x80\x05"},
    {FileKind::kAppleDouble, 0, {"\0\5\x16\7", 4}},
    {FileKind::kJpeg, 0, "\xff\xd8\xff"},
    {FileKind::kPng, 0, "\x89PNG"},
    {FileKind::kGif, 0, "GIF8"},
    {FileKind::kBmp, 0, "BM"},
    {FileKind::kTiff, 0, {"II*\0", 4}},
    {FileKind::kTiff, 0, {"MM\0*", 4}},
    {FileKind::kHeif, 4, "ftypavif"},
    {FileKind::kHeif, 4, "ftyphei"},
    {FileKind::kHeif, 4, "ftypmif1"},
    {FileKind::kJpeg2000, 0, {"\0\0\0\x0cjP  \r\n", 10}},
    {FileKind::kJpeg2000, 0, "\xff\x4f\xff\x51"},
    {FileKind::kPdf, 0, "%PDF-"},
    // Those of pictures come before.
    {FileKind::kMp4, 4, "ftyp"},
    {FileKind::kMatroska, 0, "\x1a\x45\xdf\xa3"},
    {FileKind::kFlv, 0, "FLV\x01"},
    {FileKind::kOgg, 0, "OggS"},
    {FileKind::kAsf, 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"},
    {FileKind::kMpeg, 0, {"\0\0\1\xba", 4}},
    {FileKind::kMpeg, 0, {"\0\0\1\xb3", 4}},
    {FileKind::kY4m, 0, "YUV4MPEG2 "},
};

// Whether it may be JSON. Then what stands at an offset is some text's.
bool BeginsAsJson(absl::string_view bytes) {
  absl::ConsumePrefix(&bytes, "\xef\xbb\xbf");
  bytes = absl::StripLeadingAsciiWhitespace(bytes);
  return absl::StartsWith(bytes, "{") || absl::StartsWith(bytes, "[");
}

// JSON or a page of UTF-16 without a mark begins with an ASCII character.
bool IsUnmarkedUtf16(absl::string_view bytes) {
  if (bytes.size() < 4) return false;
  const auto ascii = [&](size_t at) {
    return bytes[at] != 0 &&
           absl::ascii_isascii(static_cast<unsigned char>(bytes[at]));
  };
  return (ascii(0) && bytes[1] == 0 && ascii(2) && bytes[3] == 0) ||
         (bytes[0] == 0 && ascii(1) && bytes[2] == 0 && ascii(3));
}

// Packets of 188 bytes, each with a mark.
bool IsTransportStream(absl::string_view bytes) {
  constexpr size_t kPacket = 188;
  return bytes.size() > 2 * kPacket && bytes[0] == 'G' &&
         bytes[kPacket] == 'G' && bytes[2 * kPacket] == 'G';
}

FileKind KindOfMarkup(absl::string_view bytes) {
  absl::ConsumePrefix(&bytes, "\xef\xbb\xbf");
  bytes = absl::StripLeadingAsciiWhitespace(bytes);
  for (const absl::string_view begin : {"<!doctype html", "<html", "<head"}) {
    if (absl::StartsWithIgnoreCase(bytes, begin)) return FileKind::kHtml;
  }
  if (absl::StartsWith(bytes, "<?xml")) {
    // XHTML says so further down.
    return absl::StrContains(absl::AsciiStrToLower(bytes.substr(0, 512)),
                             "<html")
               ? FileKind::kHtml
               : FileKind::kXml;
  }
  if (absl::StartsWith(bytes, "<!--")) return FileKind::kHtml;
  return FileKind::kUnknown;
}

}  // namespace

FileKind KindOfBytes(absl::string_view bytes) {
  const bool json = BeginsAsJson(bytes);
  for (const Signature& signature : kSignatures) {
    if (signature.at > 0 && json) continue;
    if (bytes.size() >= signature.at &&
        absl::StartsWith(bytes.substr(signature.at), signature.bytes)) {
      return signature.kind;
    }
  }
  if (absl::StartsWith(bytes, "RIFF")) {
    const absl::string_view form =
        bytes.substr(std::min<size_t>(8, bytes.size()));
    if (absl::StartsWith(form, "WEBP")) return FileKind::kWebp;
    if (absl::StartsWith(form, "AVI ")) return FileKind::kAvi;
  }
  if (IsTransportStream(bytes)) return FileKind::kMpeg;
  if (IsUnmarkedUtf16(bytes)) return FileKind::kUtf16;
  return KindOfMarkup(bytes);
}

absl::string_view Describe(FileKind kind) {
  // In the order of FileKind.
  static constexpr absl::string_view kTexts[] = {
      "",  // kUnknown
      "a gzip file",
      "a zip archive; unpack it with unzip",
      "a bzip2 file; unpack it with bunzip2",
      "an xz file; unpack it with unxz",
      "a zstd file; unpack it with unzstd",
      "a tar archive; unpack it with tar -xf",
      "text in UTF-16; turn it into UTF-8 with iconv -f UTF-16 -t UTF-8",
      "text in UTF-32; turn it into UTF-8 with iconv -f UTF-32 -t UTF-8",
      "an HTML page, as servers answer in place of a file (a login, a quota, "
      "an error); fetch the file again",
      "an XML file",
      "a git-lfs pointer; git lfs pull fetches the file itself",
      "a Python pickle",
      "what a Mac keeps beside a file (._name); it can be deleted",
      "a JPEG picture",
      "a PNG picture",
      "a GIF picture",
      "a WebP picture",
      "a BMP picture",
      "a TIFF picture",
      "a HEIF or AVIF picture",
      "a JPEG 2000 picture",
      "a PDF file",
      "an MP4 or QuickTime video",
      "a Matroska or WebM video",
      "an AVI video",
      "a Flash video",
      "an Ogg file",
      "a Windows Media file",
      "an MPEG video",
      "a YUV4MPEG2 video",
  };
  static_assert(std::size(kTexts) == static_cast<size_t>(FileKind::kY4m) + 1);
  return kTexts[static_cast<size_t>(kind)];
}

}  // namespace fcis
