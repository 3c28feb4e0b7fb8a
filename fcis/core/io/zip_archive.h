// Zip archives (PKWARE's APPNOTE.TXT), read without trusting them: members that
// are stored or deflated, also in Zip64, none that is encrypted. And deflate
// itself, which other files are packed by, too.
#ifndef FCIS_CORE_IO_ZIP_ARCHIVE_H_
#define FCIS_CORE_IO_ZIP_ARCHIVE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fcis {

// What is around deflated data (RFC 1951, 1950, 1952), as zlib numbers it.
enum class DeflateFormat : int { kRaw = -15, kZlib = 15, kGzip = 15 + 16 };

// Takes the stream that `packed` begins with off it, and appends what is in it
// to `out`, which is to have `limit` bytes at most, and has no more before.
// Errors, after a part of it: DataLoss, the stream is damaged or cut off;
// OutOfRange, "unpacks to more than <limit> bytes"; ResourceExhausted.
absl::Status Inflate(DeflateFormat format, size_t limit,
                     absl::string_view* packed, std::string* out);

// A member as the archive's directory has it.
struct ZipMember {
  std::string name;
  uint64_t size = 0, packed_size = 0;  // bytes
  uint64_t header = 0;                 // where its own header begins
  uint32_t crc = 0;
  uint16_t method = 0, flags = 0;
};

// Whether a file of this name lies below the directory that an archive is
// unpacked into: not absolute, no "..", no backslash or zero byte, not empty.
bool IsSafeMemberName(absl::string_view name);

// The members of the archive with these bytes, in its order; their contents are
// not looked at. Errors, without the file's name: not a zip archive, damaged,
// one of several volumes.
absl::StatusOr<std::vector<ZipMember>> ListZip(absl::string_view archive);

// What a member of it holds; the size was found credible. Errors, without
// names: damaged, encrypted, compressed in another way.
absl::StatusOr<std::string> UnpackZipMember(absl::string_view archive,
                                            const ZipMember& member);

// An archive of members, each a name and its bytes, stored; the same members
// give the same bytes. Errors: 4 GiB or more, or 65535 members or more.
absl::StatusOr<std::string> MakeZip(
    absl::Span<const std::pair<std::string, std::string>> members);

}  // namespace fcis

#endif  // FCIS_CORE_IO_ZIP_ARCHIVE_H_
