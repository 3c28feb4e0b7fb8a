#include "fcis/data/download/fetcher.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/file_check.h"
#include "fcis/data/download/free_space.h"
#include "fcis/data/download/manifest.h"
#include "fcis/data/download/unpack.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

std::string RecordPath(const std::string& archive) {
  return archive + ".unpacked";
}

// "<bytes> <path>" per line.
absl::Status WriteRecord(const std::string& path,
                         const std::vector<UnpackedFile>& files) {
  std::string text;
  for (const UnpackedFile& file : files) {
    absl::StrAppend(&text, file.size, " ", file.path, "\n");
  }
  return WriteFileAtomic(path, text);
}

// OK when every file of the record is there with its size.
absl::Status CheckRecord(const std::string& path, const std::string& root) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> fields =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    const std::string file = absl::StrCat(root, "/", fields.second);
    uint64_t expected = 0;
    std::error_code error;
    const uint64_t size = fs::file_size(file, error);
    if (!absl::SimpleAtoi(fields.first, &expected) || error ||
        size != expected) {
      return absl::DataLossError(
          absl::StrCat(file, error ? " is missing" : " has another size",
                       ", expected ", fields.first, " bytes (", path, ")"));
    }
  }
  return absl::OkStatus();
}

// What is still to come: the download, and as much again for what is in it.
// (Pictures and weights hardly shrink; the archive's own list tells exactly,
// once it is here.)
absl::Status CheckSpace(const DownloadItem& item, const std::string& path) {
  std::error_code error;
  const auto have = fs::file_size(path + ".part", error);
  const int64_t missing = item.size() - static_cast<int64_t>(error ? 0 : have);
  const int64_t unpacked = item.unpack().empty() ? 0 : item.size();
  return CheckFreeSpace(path, std::max<int64_t>(missing, 0) + unpacked);
}

}  // namespace

Fetcher::Fetcher(const std::string& directory, DownloadOptions options)
    : directory_(directory), options_(options), downloader_(options) {}

std::string Fetcher::PathOf(const DownloadItem& item) const {
  return absl::StrCat(directory_, "/", item.file());
}

void Fetcher::Say(const std::string& line) const {
  if (options_.say) options_.say(line);
}

absl::StatusOr<std::unique_ptr<FileLock>> Fetcher::Lock(
    const DownloadItem& item) {
  RETURN_IF_ERROR(MakeDirectories(directory_));
  const std::string path = PathOf(item);
  return FileLock::Acquire(path + ".lock", [&] {
    Say(absl::StrCat(path, ": waiting for another process that fetches it"));
  });
}

absl::StatusOr<std::string> Fetcher::Fetch(const DownloadItem& item) {
  ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock, Lock(item));
  RETURN_IF_ERROR(FetchLocked(item));
  return PathOf(item);
}

bool Fetcher::Lacks(const std::string& file) const {
  return !FileExists(absl::StrCat(directory_, "/", file));
}

bool Fetcher::Splits(const DownloadItem& item) const {
  return item.has_else_split() && options_.split_minival;
}

absl::StatusOr<std::string> Fetcher::Split(const DownloadItem& item) {
  ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock, Lock(item));
  const std::string path = PathOf(item);
  const std::string record = RecordPath(path);
  // Another process may have been faster.
  if (FileExists(record) && CheckRecord(record, directory_).ok()) return path;
  const MinivalSplit& split = item.else_split();
  const auto full = [&](const std::string& file) {
    return absl::StrCat(directory_, "/", file);
  };
  for (const std::string& file : {split.minival_file(), split.rest_file()}) {
    RETURN_IF_ERROR(MakeDirectoriesOf(full(file)));
  }
  RETURN_IF_ERROR(options_.split_minival(
      full(split.val2014_file()), full(split.val2017_file()),
      full(split.minival_file()), full(split.rest_file())));
  std::vector<UnpackedFile> files;
  for (const std::string& file : {split.minival_file(), split.rest_file()}) {
    std::error_code error;
    const uintmax_t size = fs::file_size(full(file), error);
    if (error) return ErrnoStatus("cannot read", full(file), error.value());
    files.push_back({file, static_cast<int64_t>(size)});
  }
  RETURN_IF_ERROR(WriteRecord(record, files));
  return path;
}

absl::Status Fetcher::FetchLocked(const DownloadItem& item) {
  return item.unpack().empty() ? FetchFile(item) : FetchUnpacked(item);
}

absl::Status Fetcher::FetchFile(const DownloadItem& item) {
  const std::string path = PathOf(item);
  if (FileExists(path)) {
    const absl::Status status = CheckFile(item, path, path);
    if (status.ok()) return status;
    const std::string aside = path + ".mismatch";
    if (rename(path.c_str(), aside.c_str()) != 0) {
      return ErrnoStatus("cannot rename", path, errno);
    }
    Say(absl::StrCat(path, ": ", status.message(), "; now ", aside));
  }
  RETURN_IF_ERROR(CheckSpace(item, path));
  return downloader_.Download(item, path, [&](const std::string& part) {
    return CheckFile(item, part, path);
  });
}

absl::Status Fetcher::FetchUnpacked(const DownloadItem& item) {
  const std::string path = PathOf(item);
  const std::string record = RecordPath(path);
  if (FileExists(record)) {
    const absl::Status status = CheckRecord(record, directory_);
    if (status.ok()) return status;
    Say(absl::StrCat(status.message(), "; fetching ", item.name(), " again"));
  }
  RETURN_IF_ERROR(FetchFile(item));
  Say(absl::StrCat(item.name(), ": unpacking"));
  ASSIGN_OR_RETURN(const std::vector<UnpackedFile> files,
                   Unpack(path, item.unpack(), directory_));
  RETURN_IF_ERROR(WriteRecord(record, files));
  std::error_code error;
  fs::remove(path, error);
  return error ? ErrnoStatus("cannot remove", path, error.value())
               : absl::OkStatus();
}

std::string Fetcher::Plan(const DownloadItem& item) const {
  const std::string path = PathOf(item);
  const std::string size =
      item.size() > 0 ? SizeText(item.size()) : "of unknown size";
  const bool there = item.unpack().empty()
                         ? FileExists(path)
                         : CheckRecord(RecordPath(path), directory_).ok();
  if (there) return absl::StrCat(item.name(), ": there already, ", path);
  if (item.source().empty()) {
    return absl::StrCat(item.name(), ": only by hand. ", item.note());
  }
  std::string plan = absl::StrCat(item.name(), ": ", size, " from ",
                                  item.source(0).url(), " to ", path);
  for (const UnpackRule& rule : item.unpack()) {
    absl::StrAppend(&plan, ", unpacked to ", directory_, "/", rule.directory());
  }
  if (Splits(item)) {
    absl::StrAppend(&plan, ", or else split off ",
                    item.else_split().val2014_file(), " by ",
                    item.else_split().val2017_file());
  }
  return plan;
}

namespace {

// Brings what the split reads, as far as it is not there.
absl::Status FetchInputs(const DownloadManifest& manifest,
                         const MinivalSplit& split, Fetcher* fetcher) {
  const std::pair<std::string, std::string> inputs[] = {
      {split.val2014_item(), split.val2014_file()},
      {split.val2017_item(), split.val2017_file()}};
  for (const auto& [name, file] : inputs) {
    if (!fetcher->Lacks(file)) continue;
    const DownloadItem* item = FindItem(manifest, name);
    if (item == nullptr) {
      return absl::NotFoundError(absl::StrCat("no item is called ", name));
    }
    RETURN_IF_ERROR(fetcher->Fetch(*item).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FetchOrSplit(const DownloadManifest& manifest,
                                         const DownloadItem& item,
                                         Fetcher* fetcher) {
  absl::StatusOr<std::string> path = fetcher->Fetch(item);
  if (path.ok() || !fetcher->Splits(item)) return path;
  const MinivalSplit& split = item.else_split();
  absl::Status inputs = FetchInputs(manifest, split, fetcher);
  if (inputs.ok()) {
    fetcher->Say(absl::StrCat(path.status().message(), "\n", item.name(),
                              ": splitting ", split.val2014_file(), " by ",
                              split.val2017_file()));
    absl::StatusOr<std::string> made = fetcher->Split(item);
    if (made.ok()) return made;
    inputs = made.status();
  }
  return absl::Status(inputs.code(), absl::StrCat(path.status().message(), "\n",
                                                  inputs.message()));
}

}  // namespace

DownloadOptions TerminalOptions() {
  DownloadOptions options;
  options.say = [](absl::string_view line) {
    absl::FPrintF(stderr, "%s\n", line);
  };
  options.progress = true;
  return options;
}

absl::Status FetchItems(const DownloadManifest& manifest,
                        const std::vector<DownloadItem>& items,
                        Fetcher* fetcher,
                        absl::FunctionRef<void(const std::string&)> done) {
  std::vector<std::string> failed, errors;
  bool only_unavailable = true;
  for (const DownloadItem& item : items) {
    const absl::StatusOr<std::string> path =
        FetchOrSplit(manifest, item, fetcher);
    if (path.ok()) {
      done(*path);
      continue;
    }
    failed.push_back(item.name());
    errors.push_back(std::string(path.status().message()));
    only_unavailable &= absl::IsUnavailable(path.status());
  }
  if (failed.empty()) return absl::OkStatus();
  const Downloader& downloader = fetcher->downloader();
  if (only_unavailable && !downloader.reached() &&
      !downloader.unreachable_hosts().empty()) {
    return absl::UnavailableError(absl::StrCat(
        "no network: ", absl::StrJoin(downloader.unreachable_hosts(), ", "),
        " cannot be reached; not fetched: ", absl::StrJoin(failed, ", ")));
  }
  return absl::UnavailableError(absl::StrJoin(errors, "\n"));
}

}  // namespace fcis::data
