#include "fcis/data/download/fetch_items.h"

#include <cstdio>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fcis/data/download/manifest.h"

namespace fcis::data {
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
    const absl::Status status = fetcher->Fetch(*item).status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FetchOrSplit(const DownloadManifest& manifest,
                                         const DownloadItem& item,
                                         Fetcher* fetcher) {
  absl::StatusOr<std::string> path = fetcher->Fetch(item);
  if (path.ok() || !item.has_else_split()) return path;
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
