#include "fcis/data/download/fetch_model.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_lock.h"
#include "fcis/data/download/fetcher.h"
#include "fcis/data/download/file_check.h"
#include "fcis/data/download/manifest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

absl::string_view FirstLine(absl::string_view text) {
  return text.substr(0, text.find('\n'));
}

// What remains of a round in which every model failed.
class FailureRecord {
 public:
  explicit FailureRecord(const std::string& directory)
      : path_(absl::StrCat(directory, "/default_model.failed")) {}

  // The error of that round while the pause lasts; else OK.
  absl::Status Recent() const {
    std::error_code error;
    const auto written = fs::last_write_time(path_, error);
    if (error) return absl::OkStatus();
    const absl::Duration age =
        absl::FromChrono(fs::file_time_type::clock::now() - written);
    // Of the future: a clock was set.
    if (age < absl::ZeroDuration() || age >= kDefaultModelPause) {
      return absl::OkStatus();
    }
    const absl::StatusOr<std::string> lines = ReadFile(path_);
    if (!lines.ok()) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("no published model could be fetched ",
                     absl::FormatDuration(absl::Ceil(age, absl::Minutes(1))),
                     " ago; the next try is after ",
                     absl::FormatDuration(kDefaultModelPause), ", or when ",
                     path_, " is removed:\n", absl::StripSuffix(*lines, "\n")));
  }

  // Without it, the next start tries again: no error of its own.
  void Write(absl::string_view lines) const {
    WriteFileAtomic(path_, absl::StrCat(lines, "\n")).IgnoreError();
  }

  void Remove() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }

 private:
  const std::string path_;
};

// One round over the default models.
class DefaultModels {
 public:
  DefaultModels(const std::string& directory, const DownloadOptions& options,
                absl::FunctionRef<absl::Status(const std::string&)> opens)
      : fetcher_(directory, options), opens_(opens) {}

  // The file; "" when the item failed, which is then one of lines(). Errors:
  // those that the next item would meet too.
  absl::StatusOr<std::string> Try(const DownloadItem& item) {
    const std::string unusable = fetcher_.PathOf(item) + ".unusable";
    if (FileExists(unusable)) {
      Failed(item, absl::StrCat(unusable,
                                ": it could not be opened; remove it "
                                "to have it fetched again"));
      return std::string();
    }
    const absl::StatusOr<std::string> path = fetcher_.Fetch(item);
    if (absl::IsUnavailable(path.status())) {
      for (const std::string& failure : fetcher_.downloader().failures()) {
        Failed(item, failure);
      }
      return std::string();
    }
    RETURN_IF_ERROR(path.status());
    const absl::Status opened = opens_(*path);
    if (opened.ok()) return path;
    // Of other errors (memory, descriptors, the disk) the file is innocent.
    if (!absl::IsInvalidArgument(opened) && !absl::IsDataLoss(opened)) {
      return opened;
    }
    Failed(item, opened.message());
    std::error_code error;
    fs::rename(*path, unusable, error);
    if (error) return ErrnoStatus("cannot rename", *path, error.value());
    fs::remove(PinPath(*path), error);
    return std::string();
  }

  std::string lines() const { return absl::StrJoin(lines_, "\n"); }
  const Fetcher& fetcher() const { return fetcher_; }

 private:
  void Failed(const DownloadItem& item, absl::string_view cause) {
    lines_.push_back(
        absl::StrCat("  ", FirstLine(cause), " (", item.name(), ")"));
  }

  Fetcher fetcher_;
  const absl::FunctionRef<absl::Status(const std::string&)> opens_;
  std::vector<std::string> lines_;
};

}  // namespace

absl::StatusOr<std::string> FetchModel(absl::string_view name,
                                       const std::string& directory) {
  const DownloadManifest& manifest = BuiltinManifest();
  const auto items =
      SelectItems(manifest, DownloadItem::MODEL, {std::string(name)});
  if (!items.ok()) return absl::NotFoundError(items.status().message());
  Fetcher fetcher(directory, TerminalOptions());
  RETURN_IF_ERROR(FetchItems(manifest, *items, &fetcher, [](auto) {}));
  return fetcher.PathOf(items->front());
}

DownloadOptions DefaultModelOptions() {
  DownloadOptions options = TerminalOptions();
  options.tries = 2;
  options.longest_wait = absl::Seconds(3);
  options.low_speed_time = absl::Seconds(10);
  return options;
}

absl::StatusOr<std::string> FetchDefaultModel(
    const DownloadManifest& manifest, const std::string& directory,
    const DownloadOptions& options,
    absl::FunctionRef<absl::Status(const std::string& path)> opens) {
  RETURN_IF_ERROR(MakeDirectories(directory));
  DefaultModels models(directory, options, opens);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<FileLock> lock,
      FileLock::Acquire(absl::StrCat(directory, "/default_model.lock"), [&] {
        models.fetcher().Say(
            "waiting for another process that fetches a model");
      }));
  const FailureRecord record(directory);
  RETURN_IF_ERROR(record.Recent());
  for (const DownloadItem& item : manifest.item()) {
    if (!item.default_choice()) continue;
    ASSIGN_OR_RETURN(std::string path, models.Try(item));
    if (path.empty()) continue;
    if (!models.lines().empty()) models.fetcher().Say(models.lines());
    record.Remove();
    return path;
  }
  // Where no server was reached, the network may be there the next time.
  if (models.fetcher().downloader().reached()) record.Write(models.lines());
  return absl::UnavailableError(
      absl::StrCat("no published model could be fetched:\n", models.lines()));
}

}  // namespace fcis::data
