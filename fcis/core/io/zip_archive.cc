#include "fcis/core/io/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

constexpr absl::string_view kLocal("PK\3\4", 4), kCentral("PK\1\2", 4),
    kEnd("PK\5\6", 4), kEnd64("PK\6\6", 4), kLocator64("PK\6\7", 4);
constexpr uint64_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22,
                   kEnd64Bytes = 56, kLocator64Bytes = 20;
// "In the Zip64 field".
constexpr uint64_t kElsewhere16 = 0xFFFF, kElsewhere32 = 0xFFFFFFFF;

constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kEncrypted = 1;

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

// A little-endian number of `bytes` bytes, which are there.
uint64_t Number(absl::string_view from, size_t at, int bytes) {
  uint64_t number = 0;
  for (int i = bytes - 1; i >= 0; --i) {
    number = number << 8 | static_cast<uint8_t>(from[at + i]);
  }
  return number;
}

// `size` bytes from `at` that begin with `mark`; empty if they do not.
absl::string_view Record(absl::string_view archive, uint64_t at, uint64_t size,
                         absl::string_view mark) {
  if (at > archive.size() || size > archive.size() - at) return {};
  const absl::string_view record = archive.substr(at, size);
  return record.substr(0, mark.size()) == mark ? record : absl::string_view();
}

struct Directory {
  uint64_t members = 0, size = 0, begin = 0;
};

// The record of the end; it is followed by a comment that fills the rest.
absl::StatusOr<uint64_t> FindEnd(absl::string_view archive) {
  for (uint64_t comment = 0; comment <= kElsewhere16; ++comment) {
    if (archive.size() < kEndBytes + comment) break;
    const uint64_t at = archive.size() - kEndBytes - comment;
    const absl::string_view end = Record(archive, at, kEndBytes, kEnd);
    if (!end.empty() && Number(end, 20, 2) == comment) return at;
  }
  return Damaged("no zip archive, or its end is missing");
}

absl::StatusOr<Directory> FindDirectory(absl::string_view archive) {
  ASSIGN_OR_RETURN(const uint64_t at, FindEnd(archive));
  const absl::string_view end = archive.substr(at, kEndBytes);
  Directory directory = {Number(end, 10, 2), Number(end, 12, 4),
                         Number(end, 16, 4)};
  uint64_t volumes = Number(end, 4, 2) | Number(end, 6, 2);
  if (directory.members == kElsewhere16 || directory.size == kElsewhere32 ||
      directory.begin == kElsewhere32) {
    const absl::string_view locator =
        at < kLocator64Bytes ? absl::string_view()
                             : Record(archive, at - kLocator64Bytes,
                                      kLocator64Bytes, kLocator64);
    const absl::string_view end64 =
        locator.empty()
            ? absl::string_view()
            : Record(archive, Number(locator, 8, 8), kEnd64Bytes, kEnd64);
    if (end64.empty()) return Damaged("its Zip64 directory is not there");
    directory = {Number(end64, 32, 8), Number(end64, 40, 8),
                 Number(end64, 48, 8)};
    volumes = Number(end64, 16, 4) | Number(end64, 20, 4);
  }
  if (volumes != 0) return Damaged("one of several volumes");
  if (directory.begin > at || directory.size > at - directory.begin ||
      directory.members > directory.size / kCentralBytes) {
    return Damaged("its directory is damaged");
  }
  return directory;
}

// Replaces what is in the Zip64 field among the extra fields.
absl::Status ReadZip64(absl::string_view extra, ZipMember* member) {
  constexpr uint64_t kZip64 = 1;
  while (extra.size() >= 4) {
    const uint64_t kind = Number(extra, 0, 2), size = Number(extra, 2, 2);
    extra.remove_prefix(4);
    if (size > extra.size()) break;
    absl::string_view field = extra.substr(0, size);
    extra.remove_prefix(size);
    if (kind != kZip64) continue;
    for (uint64_t* const value :
         {&member->size, &member->packed_size, &member->header}) {
      if (*value != kElsewhere32) continue;
      if (field.size() < 8) return Damaged("a Zip64 field is cut off");
      *value = Number(field, 0, 8);
      field.remove_prefix(8);
    }
    break;
  }
  return absl::OkStatus();
}

// Takes an entry off the front of the directory.
absl::StatusOr<ZipMember> TakeMember(absl::string_view* directory) {
  const absl::string_view entry =
      Record(*directory, 0, kCentralBytes, kCentral);
  if (entry.empty()) return Damaged("its directory is damaged");
  const uint64_t name = Number(entry, 28, 2), extra = Number(entry, 30, 2),
                 comment = Number(entry, 32, 2);
  if (name + extra + comment > directory->size() - kCentralBytes) {
    return Damaged("its directory is cut off");
  }
  ZipMember member;
  member.name = std::string(directory->substr(kCentralBytes, name));
  member.flags = static_cast<uint16_t>(Number(entry, 8, 2));
  member.method = static_cast<uint16_t>(Number(entry, 10, 2));
  member.crc = static_cast<uint32_t>(Number(entry, 16, 4));
  member.packed_size = Number(entry, 20, 4);
  member.size = Number(entry, 24, 4);
  member.header = Number(entry, 42, 4);
  RETURN_IF_ERROR(
      ReadZip64(directory->substr(kCentralBytes + name, extra), &member));
  directory->remove_prefix(kCentralBytes + name + extra + comment);
  return member;
}

absl::StatusOr<absl::string_view> PackedBytes(absl::string_view archive,
                                              const ZipMember& member) {
  const absl::string_view header =
      Record(archive, member.header, kLocalBytes, kLocal);
  if (header.empty()) return Damaged("its header is damaged");
  const absl::string_view rest = archive.substr(member.header + kLocalBytes);
  const uint64_t skip = Number(header, 26, 2) + Number(header, 28, 2);
  if (skip > rest.size() || member.packed_size > rest.size() - skip) {
    return Damaged("is cut off");
  }
  return rest.substr(skip, member.packed_size);
}

void Append(uint64_t number, int bytes, std::string* to) {
  for (int i = 0; i < bytes; ++i, number >>= 8) {
    to->push_back(static_cast<char>(number & 0xFF));
  }
}

// The fields that a member's own header and its entry share.
void AppendCommon(const std::string& name, const std::string& bytes,
                  uint32_t crc, std::string* to) {
  constexpr uint64_t kVersion2 = 20, kUtf8 = 1 << 11;
  constexpr uint64_t kFirstOfJanuary1980 = 1 << 5 | 1;  // no clock
  Append(kVersion2, 2, to);
  Append(kUtf8, 2, to);
  Append(kStored, 2, to);
  Append(0, 2, to);
  Append(kFirstOfJanuary1980, 2, to);
  Append(crc, 4, to);
  Append(bytes.size(), 4, to);
  Append(bytes.size(), 4, to);
  Append(name.size(), 2, to);
  Append(0, 2, to);
}

uint32_t CrcOf(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

absl::Status Inflate(DeflateFormat format, size_t limit,
                     absl::string_view* packed, std::string* out) {
  // What zlib takes at once fits its 32-bit counters.
  constexpr size_t kLeast = size_t{1} << 16, kMost = size_t{1} << 26;
  const auto no_memory = [] {
    return absl::ResourceExhaustedError("no memory to unpack it");
  };
  z_stream stream = {};
  if (inflateInit2(&stream, static_cast<int>(format)) != Z_OK) {
    return no_memory();
  }
  const absl::Cleanup closer = [&stream] { inflateEnd(&stream); };
  const size_t before = out->size();
  for (int result = Z_OK; result != Z_STREAM_END;) {
    const size_t filled = out->size();
    const size_t input = std::min(packed->size(), kMost);
    // One more than may come shows that more does.
    const size_t room =
        std::min(std::clamp(filled - before, kLeast, kMost), limit - filled) +
        1;
    out->resize(filled + room);
    stream.next_in = reinterpret_cast<Bytef*>(
        const_cast<char*>(packed->data()));  // zlib only reads it
    stream.avail_in = static_cast<uInt>(input);
    stream.next_out = reinterpret_cast<Bytef*>(&(*out)[filled]);
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_NO_FLUSH);
    packed->remove_prefix(input - stream.avail_in);
    out->resize(filled + room - stream.avail_out);
    if (out->size() > limit) {
      return absl::OutOfRangeError(
          absl::StrCat("unpacks to more than ", limit, " bytes"));
    }
    if (result == Z_MEM_ERROR) return no_memory();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return absl::DataLossError(stream.msg == nullptr ? "its data is wrong"
                                                       : stream.msg);
    }
    if (result != Z_STREAM_END && packed->empty() && stream.avail_out != 0) {
      return absl::DataLossError("it is cut off");
    }
  }
  return absl::OkStatus();
}

bool IsSafeMemberName(absl::string_view name) {
  if (name.empty() || name[0] == '/' || absl::StrContains(name, '\\') ||
      absl::StrContains(name, '\0')) {
    return false;
  }
  for (absl::string_view part : absl::StrSplit(name, '/')) {
    if (part == "..") return false;
  }
  return true;
}

absl::StatusOr<std::vector<ZipMember>> ListZip(absl::string_view archive) {
  ASSIGN_OR_RETURN(const Directory directory, FindDirectory(archive));
  absl::string_view entries = archive.substr(directory.begin, directory.size);
  std::vector<ZipMember> members;
  for (uint64_t i = 0; i < directory.members; ++i) {
    ASSIGN_OR_RETURN(ZipMember member, TakeMember(&entries));
    members.push_back(std::move(member));
  }
  return members;
}

absl::StatusOr<std::string> UnpackZipMember(absl::string_view archive,
                                            const ZipMember& member) {
  if ((member.flags & kEncrypted) != 0) return Damaged("is encrypted");
  ASSIGN_OR_RETURN(const absl::string_view packed,
                   PackedBytes(archive, member));
  std::string bytes;
  if (member.method == kDeflated) {
    bytes.reserve(member.size + 1);
    absl::string_view rest = packed;
    const absl::Status inflated =
        Inflate(DeflateFormat::kRaw, member.size, &rest, &bytes);
    if (absl::IsResourceExhausted(inflated)) return inflated;
    if (!inflated.ok()) return Damaged("is damaged");
  } else if (member.method == kStored) {
    bytes = std::string(packed);
  } else {
    return Damaged(absl::StrCat("is compressed by method ", member.method,
                                ", expected 0 or 8 (deflate)"));
  }
  if (bytes.size() != member.size || CrcOf(bytes) != member.crc) {
    return Damaged("is damaged (checksum or size)");
  }
  return bytes;
}

absl::StatusOr<std::string> MakeZip(
    absl::Span<const std::pair<std::string, std::string>> members) {
  std::string archive, directory;
  for (const auto& [name, bytes] : members) {
    if (name.size() > kElsewhere16 || bytes.size() >= kElsewhere32) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is too large for the archive"));
    }
    const uint32_t crc = CrcOf(bytes);
    absl::StrAppend(&directory, kCentral);
    Append(20, 2, &directory);  // made by version 2
    AppendCommon(name, bytes, crc, &directory);
    Append(0, 10, &directory);  // no comment; volume and attributes 0
    Append(archive.size(), 4, &directory);
    absl::StrAppend(&directory, name);
    absl::StrAppend(&archive, kLocal);
    AppendCommon(name, bytes, crc, &archive);
    absl::StrAppend(&archive, name, bytes);
  }
  if (members.size() >= kElsewhere16 || archive.size() >= kElsewhere32) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an archive of less than 4 GiB and 65535 "
                     "members, not of ",
                     archive.size(), " bytes and ", members.size()));
  }
  const uint64_t begin = archive.size();
  absl::StrAppend(&archive, directory, kEnd);
  Append(0, 4, &archive);
  Append(members.size(), 2, &archive);
  Append(members.size(), 2, &archive);
  Append(directory.size(), 4, &archive);
  Append(begin, 4, &archive);
  Append(0, 2, &archive);
  return archive;
}

}  // namespace fcis
