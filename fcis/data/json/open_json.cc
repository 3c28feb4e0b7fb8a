#include "fcis/data/json/open_json.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/core/io/utf8.h"

namespace fcis::data {
namespace {

// What zlib takes at once fits its 32-bit counters.
constexpr size_t kChunk = size_t{1} << 26;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for gzip

// Blanks in its place, so that bytes keep their numbers.
std::string WithoutMark(std::string text) {
  if (absl::StartsWith(text, kUtf8Mark)) {
    text.replace(0, kUtf8Mark.size(), kUtf8Mark.size(), ' ');
  }
  return text;
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": a damaged gzip file: ", what));
}

// Inflates the members of a gzip file, one after another, as gunzip does; zeros
// behind the last are padding.
absl::StatusOr<std::string> Unpack(const std::string& path,
                                   absl::string_view packed) {
  const size_t limit = std::max(kFreeGzipBytes, packed.size() * kMaxGzipRatio);
  z_stream stream = {};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": no memory to unpack it"));
  }
  const absl::Cleanup closer = [&stream] { inflateEnd(&stream); };
  std::string text;
  size_t used = 0;
  for (;;) {
    const size_t input = std::min(packed.size() - used, kChunk);
    const size_t room = std::clamp(text.size(), size_t{1} << 16, kChunk);
    const size_t filled = text.size();
    text.resize(filled + room);
    stream.next_in = reinterpret_cast<Bytef*>(
        const_cast<char*>(packed.data() + used));  // zlib only reads it
    stream.avail_in = static_cast<uInt>(input);
    stream.next_out = reinterpret_cast<Bytef*>(&text[filled]);
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    used += input - stream.avail_in;
    text.resize(filled + room - stream.avail_out);
    if (text.size() > limit) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": ", packed.size(), " bytes of gzip unpack to more than ",
          limit, "; if it is what it should be, unpack it with gunzip"));
    }
    if (result == Z_STREAM_END) {
      const size_t next = packed.find_first_not_of('\0', used);
      if (next == packed.npos) return text;
      used = next;
      inflateReset(&stream);
    } else if (result == Z_BUF_ERROR && used == packed.size()) {
      return Damaged(path, "it is cut off");
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Damaged(path,
                     stream.msg == nullptr ? "its data is wrong" : stream.msg);
    } else if (used == packed.size() && stream.avail_out != 0) {
      return Damaged(path, "it is cut off");
    }
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const MappedFile>> OpenJson(
    const std::string& path) {
  ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  const FileKind kind = KindOfBytes(file->bytes());
  if (kind == FileKind::kUnknown) {
    if (!absl::StartsWith(file->bytes(), kUtf8Mark)) return file;
    return MappedFile::OfBytes(WithoutMark(std::string(file->bytes())));
  }
  if (kind != FileKind::kGzip) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected JSON, this is ", Describe(kind)));
  }
  ASSIGN_OR_RETURN(std::string text, Unpack(path, file->bytes()));
  const FileKind inner = KindOfBytes(text);
  if (inner != FileKind::kUnknown) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": expected JSON, in the gzip file is ", Describe(inner)));
  }
  return MappedFile::OfBytes(WithoutMark(std::move(text)));
}

}  // namespace fcis::data
