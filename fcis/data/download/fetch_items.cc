#include "fcis/data/download/fetch_items.h"

#include <cstdio>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace fcis {

DownloadOptions TerminalOptions() {
  DownloadOptions options;
  options.say = [](absl::string_view line) {
    absl::FPrintF(stderr, "%s\n", line);
  };
  options.progress = true;
  return options;
}

absl::Status FetchItems(const std::vector<DownloadItem>& items,
                        Fetcher* fetcher,
                        absl::FunctionRef<void(const std::string&)> done) {
  std::vector<std::string> failed, errors;
  bool only_unavailable = true;
  for (const DownloadItem& item : items) {
    const absl::StatusOr<std::string> path = fetcher->Fetch(item);
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

}  // namespace fcis
