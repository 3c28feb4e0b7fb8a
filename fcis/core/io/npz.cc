#include "fcis/core/io/npz.h"

#include <zip.h>

#include <algorithm>
#include <set>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/npy.h"

namespace fcis {
namespace {

// A member may claim at most this many times its compressed size: deflate
// cannot do better than about 1032.
constexpr uint64_t kMaxInflation = 1100;
// And at most this much at all; the largest array of a model has 80 MB.
constexpr uint64_t kMaxMemberBytes = uint64_t{4} << 30;

absl::Status ZipStatus(absl::string_view path, absl::string_view name,
                       absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, name.empty() ? "" : ": ", name, ": ", what));
}

// Whether libzip failed for want of memory or descriptors, or because of the
// disk: nothing is known of the file's bytes.
bool IsOfTheSystem(int zip_error) {
  return zip_error == ZIP_ER_MEMORY || zip_error == ZIP_ER_OPEN ||
         zip_error == ZIP_ER_READ;
}

absl::StatusOr<zip_t*> OpenZip(const std::string& path, int flags,
                               const char* kind) {
  // libzip's own message for a missing or unreadable file has no errno.
  RETURN_IF_ERROR(MappedFile::Open(path).status());
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_RDONLY | flags, &error);
  if (zip != nullptr) return zip;
  zip_error_t reason;
  zip_error_init_with_code(&reason, error);
  const std::string text = zip_error_strerror(&reason);
  zip_error_fini(&reason);
  if (IsOfTheSystem(error)) {
    return absl::UnavailableError(
        absl::StrCat("cannot read ", path, ": ", text));
  }
  return ZipStatus(path, "",
                   absl::StrCat("not a sound ", kind, " file: ", text));
}

class ZippedNpz : public NpzFile {
 public:
  explicit ZippedNpz(zip_t* zip) : zip_(zip) {}
  ~ZippedNpz() override { zip_discard(zip_); }

  absl::Status List(const std::string& path) {
    path_ = path;
    std::set<std::string> seen;
    const zip_int64_t count = zip_get_num_entries(zip_, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* raw = zip_get_name(zip_, i, ZIP_FL_ENC_RAW);
      if (raw == nullptr) return ZipStatus(path, "", "a member has no name");
      const std::string name(absl::StripSuffix(raw, ".npy"));
      if (!seen.insert(name).second) {
        return ZipStatus(path, name, "stands twice in the archive");
      }
      names_.push_back(name);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Tensor> Read(absl::string_view name) const override {
    const auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) {
      return absl::NotFoundError(absl::StrCat(path_, " has no array ", name));
    }
    ASSIGN_OR_RETURN(const std::string bytes, Member(at - names_.begin()));
    return ParseNpy(bytes, absl::StrCat(path_, ": ", name));
  }

 private:
  absl::StatusOr<std::string> Member(zip_uint64_t index) const {
    const std::string& name = names_[index];
    zip_stat_t info;
    if (zip_stat_index(zip_, index, 0, &info) != 0 ||
        (info.valid & ZIP_STAT_SIZE) == 0) {
      return ZipStatus(path_, name, "its size is unknown");
    }
    if (info.size > kMaxMemberBytes ||
        info.size / kMaxInflation > info.comp_size) {
      return ZipStatus(path_, name, "claims an impossible size");
    }
    zip_file_t* file = zip_fopen_index(zip_, index, 0);
    if (file == nullptr) return ZipStatus(path_, name, zip_strerror(zip_));
    const absl::Cleanup closer = [file] { zip_fclose(file); };
    std::string bytes(info.size, '\0');
    zip_uint64_t have = 0;
    while (have < info.size) {
      const zip_int64_t got = zip_fread(file, &bytes[have], info.size - have);
      if (got < 0 &&
          IsOfTheSystem(zip_error_code_zip(zip_file_get_error(file)))) {
        return absl::UnavailableError(absl::StrCat(
            "cannot read ", path_, ": ", name, ": ", zip_file_strerror(file)));
      }
      if (got <= 0) return ZipStatus(path_, name, "is cut off or damaged");
      have += got;
    }
    // The checksum is only compared when the end is reached.
    char extra;
    if (zip_fread(file, &extra, 1) != 0) {
      return ZipStatus(path_, name, "is damaged (checksum or size)");
    }
    return bytes;
  }

  zip_t* zip_;
};

// The bytes of a memory archive after zip_close.
absl::StatusOr<std::string> Drain(zip_source_t* source) {
  if (zip_source_open(source) != 0) {
    return absl::InternalError("cannot read the archive back");
  }
  const absl::Cleanup closer = [source] { zip_source_close(source); };
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    const zip_int64_t got = zip_source_read(source, buffer, sizeof(buffer));
    if (got < 0) return absl::InternalError("cannot read the archive back");
    if (got == 0) return bytes;
    bytes.append(buffer, got);
  }
}

// Adds one array; its bytes must live until the archive is closed.
absl::Status AddMember(zip_t* zip, const std::string& name,
                       const std::string& bytes) {
  zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
  const zip_int64_t index = source == nullptr
                                ? -1
                                : zip_file_add(zip, (name + ".npy").c_str(),
                                               source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return absl::InternalError(absl::StrCat(name, ": ", zip_strerror(zip)));
  }
  zip_set_file_compression(zip, index, ZIP_CM_STORE, 0);
  // The same arrays give the same file: no clock in it (1980 is zip's zero).
  zip_file_set_dostime(zip, index, 0, (1 << 5) | 1, 0);
  return absl::OkStatus();
}

}  // namespace

bool NpzFile::Has(absl::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

absl::StatusOr<std::unique_ptr<NpzFile>> NpzFile::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(zip_t* const zip, OpenZip(path, ZIP_CHECKCONS, ".npz"));
  auto file = std::make_unique<ZippedNpz>(zip);
  RETURN_IF_ERROR(file->List(path));
  return std::unique_ptr<NpzFile>(std::move(file));
}

absl::StatusOr<std::vector<std::string>> ZipMembers(const std::string& path) {
  ASSIGN_OR_RETURN(zip_t* const zip, OpenZip(path, 0, "zip"));
  const absl::Cleanup closer = [zip] { zip_discard(zip); };
  std::vector<std::string> names;
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(zip, i, ZIP_FL_ENC_RAW);
    names.emplace_back(name == nullptr ? "" : name);
  }
  return names;
}

absl::Status WriteNpz(
    const std::string& path,
    const std::vector<std::pair<std::string, Tensor>>& arrays) {
  std::vector<std::string> members;
  for (const auto& [name, tensor] : arrays) {
    ASSIGN_OR_RETURN(std::string bytes,
                     NpyHeader(tensor.shape(), tensor.type()));
    bytes.append(static_cast<const char*>(tensor.raw()), tensor.num_bytes());
    members.push_back(std::move(bytes));
  }
  zip_source_t* source = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  zip_t* zip =
      source == nullptr
          ? nullptr
          : zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  if (zip == nullptr) {
    zip_source_free(source);
    return absl::InternalError("cannot begin an archive in memory");
  }
  zip_source_keep(source);
  const absl::Cleanup freer = [source] { zip_source_free(source); };
  for (size_t i = 0; i < arrays.size(); ++i) {
    const absl::Status status = AddMember(zip, arrays[i].first, members[i]);
    if (!status.ok()) {
      zip_discard(zip);
      return status;
    }
  }
  if (zip_close(zip) != 0) {
    const std::string text = zip_strerror(zip);
    zip_discard(zip);
    return absl::InternalError(absl::StrCat(path, ": ", text));
  }
  ASSIGN_OR_RETURN(const std::string bytes, Drain(source));
  return WriteFileAtomic(path, bytes);
}

}  // namespace fcis
