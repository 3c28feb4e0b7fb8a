#include "fcis/data/convert/unzip.h"

#include <cstdint>
#include <filesystem>
#include <set>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/zip_archive.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

absl::Status BadEntry(const std::string& archive, const std::string& entry,
                      absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(archive, ": ", entry, ": ", what));
}

absl::Status CheckEntries(const std::string& archive, uint64_t size,
                          const std::vector<ZipMember>& members,
                          const ArchiveLimits& limits) {
  if (static_cast<int64_t>(members.size()) > limits.entries) {
    return absl::InvalidArgumentError(
        absl::StrCat(archive, ": ", members.size(),
                     " entries, expected at most ", limits.entries));
  }
  const auto most = static_cast<uint64_t>(
      static_cast<int64_t>(size) * limits.ratio + limits.free_bytes);
  uint64_t total = 0;
  std::set<std::string> names;
  for (const ZipMember& member : members) {
    if (!IsSafeMemberName(member.name)) {
      return BadEntry(archive, member.name, "an unsafe name");
    }
    if (!names.insert(member.name).second) {
      return BadEntry(archive, member.name, "stands twice in the archive");
    }
    if (member.size > most || (total += member.size) > most) {
      return BadEntry(archive, member.name,
                      "claims an impossible amount of data");
    }
  }
  return absl::OkStatus();
}

absl::Status WriteEntry(const std::string& path, absl::string_view archive,
                        const ZipMember& member) {
  RETURN_IF_ERROR(MakeDirectoriesOf(path));
  ASSIGN_OR_RETURN(const std::string bytes, UnpackZipMember(archive, member));
  return WriteFileAtomic(path, bytes);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Unzip(const std::string& archive,
                                               const std::string& directory,
                                               const ArchiveLimits& limits) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(archive));
  ASSIGN_OR_RETURN(const std::vector<ZipMember> members,
                   Within(archive, ListZip(file->bytes())));
  RETURN_IF_ERROR(CheckEntries(archive, file->bytes().size(), members, limits));
  std::vector<std::string> paths;
  for (const ZipMember& member : members) {
    if (absl::EndsWith(member.name, "/")) continue;
    paths.push_back(
        (fs::path(directory) / member.name).lexically_normal().string());
    RETURN_IF_ERROR(Within(absl::StrCat(archive, ": ", member.name),
                           WriteEntry(paths.back(), file->bytes(), member)));
  }
  absl::c_sort(paths);
  return paths;
}

}  // namespace fcis::data
