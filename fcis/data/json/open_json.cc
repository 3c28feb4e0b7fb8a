#include "fcis/data/json/open_json.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/file_kind.h"
#include "fcis/core/io/utf8.h"
#include "fcis/core/io/zip_archive.h"

namespace fcis::data {
namespace {

// Blanks in its place, so that bytes keep their numbers.
std::string WithoutMark(std::string text) {
  if (absl::StartsWith(text, kUtf8Mark)) {
    text.replace(0, kUtf8Mark.size(), kUtf8Mark.size(), ' ');
  }
  return text;
}

// Inflates the members of a gzip file, one after another, as gunzip does; zeros
// behind the last are padding.
absl::StatusOr<std::string> Unpack(const std::string& path,
                                   absl::string_view packed) {
  const size_t limit = std::max(kFreeGzipBytes, packed.size() * kMaxGzipRatio);
  std::string text;
  for (absl::string_view rest = packed; !rest.empty();) {
    const absl::Status inflated =
        Inflate(DeflateFormat::kGzip, limit, &rest, &text);
    if (absl::IsOutOfRange(inflated)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": ", packed.size(), " bytes of gzip unpack to more than ",
          limit, "; if it is what it should be, unpack it with gunzip"));
    }
    if (absl::IsDataLoss(inflated)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": a damaged gzip file: ", inflated.message()));
    }
    RETURN_IF_ERROR(Within(path, inflated));
    rest.remove_prefix(std::min(rest.find_first_not_of('\0'), rest.size()));
  }
  return text;
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
