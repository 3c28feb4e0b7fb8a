#include "fcis/core/io/npz.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/io/npy.h"

namespace fcis {
namespace {

absl::Status ZipStatus(absl::string_view path, absl::string_view name,
                       absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, name.empty() ? "" : ": ", name, ": ", what));
}

// Both name the path.
absl::StatusOr<std::vector<ZipMember>> Members(const MappedFile& file,
                                               const std::string& path,
                                               absl::string_view kind) {
  absl::StatusOr<std::vector<ZipMember>> members = ListZip(file.bytes());
  if (members.ok()) return members;
  return ZipStatus(path, "",
                   absl::StrCat("not a sound ", kind,
                                " file: ", members.status().message()));
}

absl::StatusOr<std::string> Unpack(const MappedFile& file,
                                   const ZipMember& member,
                                   absl::string_view path,
                                   absl::string_view name) {
  if (member.size > kMaxNpzMemberBytes ||
      member.size / kMaxNpzRatio > member.packed_size) {
    return ZipStatus(path, name, "claims an impossible size");
  }
  absl::StatusOr<std::string> bytes = UnpackZipMember(file.bytes(), member);
  if (bytes.ok()) return bytes;
  return ZipStatus(path, name, bytes.status().message());
}

}  // namespace

absl::StatusOr<std::unique_ptr<NpzFile>> NpzFile::Open(
    const std::string& path) {
  std::unique_ptr<NpzFile> npz(new NpzFile());
  npz->path_ = path;
  ASSIGN_OR_RETURN(npz->file_, MappedFile::Open(path));
  ASSIGN_OR_RETURN(npz->members_, Members(*npz->file_, path, ".npz"));
  std::set<std::string> seen;
  for (const ZipMember& member : npz->members_) {
    const std::string name(absl::StripSuffix(member.name, ".npy"));
    if (!seen.insert(name).second) {
      return ZipStatus(path, name, "stands twice in the archive");
    }
    npz->names_.push_back(name);
  }
  return npz;
}

bool NpzFile::Has(absl::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

absl::StatusOr<Tensor> NpzFile::Read(absl::string_view name) const {
  const auto at = std::find(names_.begin(), names_.end(), name);
  if (at == names_.end()) {
    return absl::NotFoundError(absl::StrCat(path_, " has no array ", name));
  }
  ASSIGN_OR_RETURN(const std::string bytes,
                   Unpack(*file_, members_[at - names_.begin()], path_, name));
  return ParseNpy(bytes, absl::StrCat(path_, ": ", name));
}

absl::StatusOr<std::vector<std::string>> ZipMembers(const std::string& path) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file,
                   MappedFile::Open(path));
  ASSIGN_OR_RETURN(const std::vector<ZipMember> members,
                   Members(*file, path, "zip"));
  std::vector<std::string> names;
  for (const ZipMember& member : members) names.push_back(member.name);
  return names;
}

absl::Status WriteNpz(
    const std::string& path,
    const std::vector<std::pair<std::string, Tensor>>& arrays) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [name, tensor] : arrays) {
    ASSIGN_OR_RETURN(std::string bytes,
                     NpyHeader(tensor.shape(), tensor.type()));
    bytes.append(static_cast<const char*>(tensor.raw()), tensor.num_bytes());
    members.emplace_back(name + ".npy", std::move(bytes));
  }
  const absl::StatusOr<std::string> archive = MakeZip(members);
  if (!archive.ok()) return ZipStatus(path, "", archive.status().message());
  return WriteFileAtomic(path, *archive);
}

}  // namespace fcis
