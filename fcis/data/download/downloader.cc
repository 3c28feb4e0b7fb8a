#include "fcis/data/download/downloader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/io/file.h"
#include "fcis/core/progress/progress.h"
#include "fcis/data/download/web_page.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

void Remove(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

// 0 for a missing file.
int64_t FileSize(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

// The names of a download on its way.
struct PartFiles {
  explicit PartFiles(const std::string& path)
      : part(path + ".part"), tag(path + ".tag.part") {}

  void RemoveBoth() const {
    Remove(part);
    Remove(tag);
  }

  std::string part, tag;
};

// Which bytes a part holds: of which address, and the server's mark for them.
struct Tag {
  std::string url, validator;
};

// Not atomic: a torn tag fits no server's mark, and the download begins anew.
void WriteTag(const std::string& path, const Tag& tag) {
  std::ofstream(path, std::ios::trunc) << tag.url << "\n" << tag.validator;
}

Tag ReadTag(const std::string& path) {
  Tag tag;
  std::ifstream file(path);
  std::getline(file, tag.url);
  std::getline(file, tag.validator);
  return tag;
}

absl::Status Sync(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open", path, errno);
  const int error = fsync(fd) != 0 ? errno : 0;
  close(fd);
  return error == 0 ? absl::OkStatus()
                    : ErrnoStatus("cannot write", path, error);
}

// The whole part gets its name. Its tag goes before: nobody would look for one
// beside a whole file.
absl::Status SyncAndRename(const PartFiles& files, const std::string& to) {
  RETURN_IF_ERROR(Sync(files.part));
  Remove(files.tag);
  if (rename(files.part.c_str(), to.c_str()) != 0) {
    return ErrnoStatus("cannot write", to, errno);
  }
  return Sync(fs::path(to).parent_path().string());
}

// The progress of one request: what was there before does not count as speed.
class Bar {
 public:
  Bar(bool enabled, std::string name, int64_t offset)
      : enabled_(enabled), name_(std::move(name)), offset_(offset) {}

  void Update(int64_t done, int64_t total) {
    if (!enabled_) return;
    if (done < offset_) offset_ = 0;  // The server begins anew.
    if (progress_ == nullptr) {
      const std::string label = absl::StrCat(name_, " (MB)");
      progress_ = std::make_unique<Progress>(
          Progress::OnStderr(label, InMegabytes(total - offset_)));
    }
    progress_->Update(InMegabytes(done - offset_));
  }

 private:
  static int64_t InMegabytes(int64_t bytes) {
    return std::max<int64_t>(bytes, 0) / 1000000;
  }

  const bool enabled_;
  const std::string name_;
  int64_t offset_;
  std::unique_ptr<Progress> progress_;
};

// Of no use for a file that is here already.
std::string ByHand(const DownloadItem& item, const std::string& path) {
  if (absl::StartsWith(item.source(0).url(), "file://")) return "";
  return absl::StrCat("\n  by hand: open ", item.source(0).url(),
                      " in a browser, save the file as ", path,
                      " and run this again");
}

}  // namespace

// All tries of one source.
class SourceDownload {
 public:
  SourceDownload(Downloader* owner, const DownloadItem& item,
                 const DownloadSource& source, const std::string& path,
                 absl::FunctionRef<absl::Status(const std::string&)> verify)
      : owner_(*owner),
        options_(owner->options_),
        item_(item),
        source_(source),
        path_(path),
        files_(path),
        verify_(verify),
        url_(source.url()) {}

  // Nothing: the file is there. A text: why this source did not deliver, and
  // the next one may. An error: why none can.
  absl::StatusOr<std::optional<std::string>> Run() {
    if (owner_.unreachable_.count(HostOf(url_)) > 0) return "not reachable";
    while (true) {
      const int64_t offset = ResumeOffset();
      const absl::Time start = SteadyNow();
      const TransferResult result = Request(offset);
      if (result.end != TransferEnd::kUnreachable) {
        reached_ = owner_.reached_ = true;
      } else if (!reached_) {
        owner_.unreachable_.insert(HostOf(url_));
        owner_.unreachable_time_ += SteadyNow() - start;
        return result.reason;
      }
      switch (result.end) {
        case TransferEnd::kComplete: {
          const absl::Status verified = verify_(files_.part);
          if (verified.ok()) {
            RETURN_IF_ERROR(SyncAndRename(files_, path_));
            return std::nullopt;
          }
          files_.RemoveBoth();
          // Bytes of two versions may have met, once.
          if (offset == 0 || restarted_) return std::string(verified.message());
          restarted_ = true;
          Say("what was resumed does not fit together; from the start");
          break;
        }
        case TransferEnd::kPage:
          if (!FollowPage(result)) return result.reason;
          break;
        case TransferEnd::kStale:
          files_.RemoveBoth();
          [[fallthrough]];
        case TransferEnd::kUnreachable:
        case TransferEnd::kBroken:
          if (!WaitForNextTry(result, FileSize(files_.part) - offset)) {
            return result.reason;
          }
          break;
        case TransferEnd::kRefused:
          return result.reason;
        case TransferEnd::kLocalError:
          return absl::ResourceExhaustedError(result.reason);
      }
    }
  }

 private:
  void Say(absl::string_view what) const {
    if (options_.say) options_.say(absl::StrCat(item_.name(), ": ", what));
  }

  // Bytes to keep. Those of another address are, if a hash will judge the
  // whole; a part that is too long is not.
  int64_t ResumeOffset() {
    const int64_t size = FileSize(files_.part);
    tag_ = ReadTag(files_.tag);
    const bool hashed = !item_.md5().empty() || !item_.sha256().empty();
    const bool fits = item_.size() == 0 || size < item_.size();
    if (size > 0 && fits && (tag_.url == source_.url() || hashed)) return size;
    files_.RemoveBoth();
    return 0;
  }

  TransferResult Request(int64_t offset) {
    TransferRequest request;
    request.url = url_;
    request.allow_http = source_.allow_http();
    request.part = files_.part;
    request.offset = offset;
    if (tag_.url == source_.url()) request.if_range = tag_.validator;
    request.expected_size = item_.size();
    request.connect_timeout = options_.connect_timeout;
    if (!owner_.reached_) {
      request.connect_timeout =
          std::min(request.connect_timeout,
                   options_.unreachable_budget - owner_.unreachable_time_);
    }
    request.low_speed_bytes = options_.low_speed_bytes;
    request.low_speed_time = options_.low_speed_time;
    request.ca_file = options_.ca_file;
    request.started = [this](const std::string& validator) {
      WriteTag(files_.tag, {source_.url(), validator});
    };
    Bar bar(options_.progress, item_.file(), offset);
    request.progress = [&bar](int64_t done, int64_t total) {
      bar.Update(done, total);
    };
    return owner_.client_.Run(request);
  }

  // True when the page leads on, once.
  bool FollowPage(const TransferResult& result) {
    const auto confirmed = DriveConfirmUrl(result.page, result.page_url);
    if (followed_ || !confirmed) return false;
    followed_ = true;
    url_ = *confirmed;
    return true;
  }

  // False when this source has had its tries.
  bool WaitForNextTry(const TransferResult& result, int64_t gained) {
    if (gained >= Downloader::kEnoughProgress) failures_ = 0;
    if (++failures_ >= options_.tries) return false;
    if (result.retry_after > options_.longest_wait) return false;
    const absl::Duration wait =
        std::max(result.retry_after,
                 std::min(options_.first_wait * (1 << (failures_ - 1)),
                          options_.longest_wait));
    Say(absl::StrCat(result.reason, "; again in ",
                     absl::FormatDuration(absl::Trunc(wait, absl::Seconds(1))),
                     " (", failures_, " of ", options_.tries - 1, ")"));
    absl::SleepFor(wait);
    return true;
  }

  Downloader& owner_;
  const DownloadOptions& options_;
  const DownloadItem& item_;
  const DownloadSource& source_;
  const std::string& path_;
  const PartFiles files_;
  const absl::FunctionRef<absl::Status(const std::string&)> verify_;
  std::string url_;
  Tag tag_;
  int failures_ = 0;
  bool reached_ = false, restarted_ = false, followed_ = false;
};

absl::Status Downloader::Download(
    const DownloadItem& item, const std::string& path,
    absl::FunctionRef<absl::Status(const std::string&)> verify) {
  if (item.source().empty()) {
    return absl::UnimplementedError(
        absl::StrCat(item.name(), " cannot be downloaded: ", item.note(),
                     " Save the file as ", path, " and run this again."));
  }
  failures_.clear();
  const PartFiles files(path);
  // A download that ended between its last byte and its new name.
  if (item.size() > 0 && FileSize(files.part) == item.size() &&
      verify(files.part).ok()) {
    return SyncAndRename(files, path);
  }
  std::vector<std::string> reasons;
  const auto failed = [&](const std::string& url, absl::string_view reason) {
    reasons.push_back(absl::StrCat(url, ": ", reason));
    const std::string host = HostOf(url);
    failures_.push_back(absl::StrCat(host.empty() ? url : host, ": ", reason));
  };
  for (const DownloadSource& source : item.source()) {
    if (!reached_ && unreachable_time_ >= options_.unreachable_budget) {
      failed(source.url(), "no network");
      continue;
    }
    SourceDownload download(this, item, source, path, verify);
    ASSIGN_OR_RETURN(const std::optional<std::string> reason, download.Run());
    if (!reason.has_value()) return absl::OkStatus();
    failed(source.url(), *reason);
  }
  return absl::UnavailableError(
      absl::StrCat(item.name(), " could not be fetched:\n  ",
                   absl::StrJoin(reasons, "\n  "), ByHand(item, path)));
}

}  // namespace fcis::data
