#include "fcis/data/download/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/zip_archive.h"
#include "fcis/data/download/free_space.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

// Files that get their names together, after one flush of the disk.
constexpr size_t kBatch = 2000;
constexpr size_t kBlock = 128 << 10;

absl::Status Damaged(absl::string_view archive, absl::string_view entry,
                     absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(archive, entry.empty() ? "" : ": ", entry, ": ", what));
}

// An archive, entry after entry.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Open(
      const std::string& path, const ArchiveLimits& limits) {
    std::unique_ptr<Reader> reader(new Reader(path));
    std::error_code error;
    reader->limit_ = fs::file_size(path, error);
    if (error) return ErrnoStatus("cannot open", path, error.value());
    reader->limit_ = reader->limit_ * limits.ratio + limits.free_bytes;
    reader->most_entries_ = limits.entries;
    if (archive_read_open_filename(reader->archive_.get(), path.c_str(),
                                   kBlock) != ARCHIVE_OK) {
      return reader->Fault("");
    }
    return reader;
  }

  // False at the end. Refuses what no data set holds.
  absl::StatusOr<bool> Next() {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive_.get(), &entry);
    if (result == ARCHIVE_EOF) return false;
    if (result != ARCHIVE_OK) return Fault("");
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) return Damaged(path_, "", "an entry has no name");
    name_ = name;
    if (!IsSafeMemberName(name_)) {
      return Damaged(path_, name_, "an unsafe name");
    }
    const auto type = archive_entry_filetype(entry);
    is_file_ = type == AE_IFREG;
    if ((!is_file_ && type != AE_IFDIR) ||
        archive_entry_hardlink(entry) != nullptr) {
      return Damaged(path_, name_, "a link or device, expected a file");
    }
    if (!archive_entry_size_is_set(entry)) {
      return Damaged(path_, name_, "states no size");
    }
    size_ = archive_entry_size(entry);
    total_ += size_;
    if (size_ < 0 || total_ > limit_ || ++entries_ > most_entries_) {
      return Damaged(path_, name_, "claims an impossible amount of data");
    }
    return true;
  }

  // The entry's bytes in order, exactly size() of them, checksum compared.
  absl::Status Read(
      const std::function<absl::Status(absl::string_view)>& take) {
    std::string buffer(kBlock, '\0');
    int64_t have = 0;
    while (true) {
      const la_ssize_t got =
          archive_read_data(archive_.get(), buffer.data(), buffer.size());
      if (got < 0) return Fault(name_);
      if (got == 0) break;
      have += got;
      if (have > size_) return Damaged(path_, name_, "longer than it says");
      RETURN_IF_ERROR(take(absl::string_view(buffer.data(), got)));
    }
    if (have < size_) return Damaged(path_, name_, "shorter than it says");
    return absl::OkStatus();
  }

  const std::string& name() const { return name_; }
  bool is_file() const { return is_file_; }
  int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };

  explicit Reader(const std::string& path)
      : path_(path), archive_(archive_read_new()) {
    // By its directory, not by what stands between the entries.
    archive_read_support_format_zip_seekable(archive_.get());
    archive_read_support_format_tar(archive_.get());
    archive_read_support_filter_gzip(archive_.get());
  }

  absl::Status Fault(absl::string_view entry) const {
    const char* text = archive_error_string(archive_.get());
    return Damaged(path_, entry,
                   absl::StrCat("not a sound archive (",
                                text == nullptr ? "cut off" : text, ")"));
  }

  const std::string path_;
  const std::unique_ptr<archive, Free> archive_;
  std::string name_;
  bool is_file_ = false;
  int64_t size_ = 0, total_ = 0, limit_ = 0;
  int64_t entries_ = 0, most_entries_ = 0;
};

// Where an entry goes, relative to the root; "" for one that stays inside.
std::string Place(absl::string_view name, const UnpackRules& rules,
                  std::set<const UnpackRule*>* used) {
  const absl::string_view base = name.substr(name.rfind('/') + 1);
  if (base.empty() || base[0] == '.') return "";
  for (const UnpackRule& rule : rules) {
    if (absl::StartsWith(base, rule.prefix()) &&
        absl::EndsWith(base, rule.suffix())) {
      used->insert(&rule);
      return absl::StrCat(rule.directory(), "/", base);
    }
  }
  return "";
}

bool HasSize(const std::string& path, int64_t size) {
  std::error_code error;
  return fs::is_regular_file(path, error) &&
         static_cast<int64_t>(fs::file_size(path, error)) == size && !error;
}

// Entry name -> file.
using Plan = std::map<std::string, UnpackedFile>;

absl::StatusOr<Plan> MakePlan(const std::string& archive,
                              const UnpackRules& rules,
                              const std::string& root) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader,
                   Reader::Open(archive, ArchiveLimits()));
  Plan plan;
  std::set<std::string> places;
  std::set<const UnpackRule*> used;
  int64_t missing = 0;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader->Next());
    if (!more) break;
    const std::string place =
        reader->is_file() ? Place(reader->name(), rules, &used) : "";
    if (place.empty()) continue;
    if (!places.insert(place).second) {
      return Damaged(archive, reader->name(), "stands twice in the archive");
    }
    plan[reader->name()] = {place, reader->size()};
    const std::string path = absl::StrCat(root, "/", place);
    if (!HasSize(path, reader->size())) missing += reader->size();
  }
  for (const UnpackRule& rule : rules) {
    if (used.count(&rule) == 0) {
      return Damaged(archive, "",
                     absl::StrCat("holds no ", rule.prefix(), "*",
                                  rule.suffix(), ", expected at least one"));
    }
  }
  RETURN_IF_ERROR(CheckFreeSpace(root, missing));
  return plan;
}

// Files that are written and wait for their names.
class Batch {
 public:
  explicit Batch(const std::string& root) : root_(root) {}

  absl::Status Add(Reader* reader, const std::string& path) {
    RETURN_IF_ERROR(MakeDirectoriesOf(path));
    const std::string part = path + ".part";
    const int fd =
        open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return ErrnoStatus("cannot write", part, errno);
    absl::Cleanup closer = [fd] { close(fd); };
    RETURN_IF_ERROR(reader->Read([&](absl::string_view bytes) {
      return WriteAll(fd, bytes) ? absl::OkStatus()
                                 : ErrnoStatus("cannot write", part, errno);
    }));
    waiting_.push_back(path);
    return waiting_.size() < kBatch ? absl::OkStatus() : Finish();
  }

  absl::Status Finish() {
    const int fd = open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus("cannot open", root_, errno);
    const int error = syncfs(fd) != 0 ? errno : 0;
    close(fd);
    if (error != 0) return ErrnoStatus("cannot write", root_, error);
    for (const std::string& path : waiting_) {
      std::error_code ignored;
      if (fs::exists(path, ignored)) {
        fs::rename(path, path + ".mismatch", ignored);
      }
      if (rename((path + ".part").c_str(), path.c_str()) != 0) {
        return ErrnoStatus("cannot write", path, errno);
      }
    }
    waiting_.clear();
    return absl::OkStatus();
  }

 private:
  const std::string root_;
  std::vector<std::string> waiting_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> CheckArchive(
    const std::string& archive, const ArchiveLimits& limits) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader,
                   Reader::Open(archive, limits));
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader->Next());
    if (!more) return names;
    names.push_back(reader->name());
    RETURN_IF_ERROR(
        reader->Read([](absl::string_view) { return absl::OkStatus(); }));
  }
}

absl::StatusOr<std::vector<UnpackedFile>> Unpack(const std::string& archive,
                                                 const UnpackRules& rules,
                                                 const std::string& root) {
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(archive, rules, root));
  ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader,
                   Reader::Open(archive, ArchiveLimits()));
  Batch batch(root);
  std::vector<UnpackedFile> files;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader->Next());
    if (!more) break;
    const auto planned = plan.find(reader->name());
    if (planned == plan.end()) continue;
    const UnpackedFile& file = planned->second;
    const std::string path = absl::StrCat(root, "/", file.path);
    if (!HasSize(path, file.size)) {
      RETURN_IF_ERROR(batch.Add(reader.get(), path));
    }
    files.push_back(file);
  }
  RETURN_IF_ERROR(batch.Finish());
  return files;
}

}  // namespace fcis::data
