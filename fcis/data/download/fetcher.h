// Items of the manifest on this machine: found, or fetched, verified and
// unpacked, by one process at a time.
#ifndef FCIS_DATA_DOWNLOAD_FETCHER_H_
#define FCIS_DATA_DOWNLOAD_FETCHER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/io/file_lock.h"
#include "fcis/data/download/downloader.h"
#include "fcis/data/download/manifest.pb.h"

namespace fcis::data {

class Fetcher {
 public:
  // Everything goes to below `directory`, which is made if need be.
  Fetcher(const std::string& directory, DownloadOptions options);

  // Where the item's own file is or will be.
  std::string PathOf(const DownloadItem& item) const;

  // Brings the item and returns PathOf(item). What is there already is verified
  // and stays; a file that no longer is what it was is named, renamed to
  // <file>.mismatch and fetched again. An archive is unpacked and removed;
  // <archive>.unpacked then lists what came out and is what later calls check.
  // On an error nothing but *.part, *.lock and what was there before is left.
  absl::StatusOr<std::string> Fetch(const DownloadItem& item);

  // Whether this file of the data directory is not there.
  bool Lacks(const std::string& file) const;

  // Whether Split() can make the item where no source delivers it.
  bool Splits(const DownloadItem& item) const;

  // Makes the files of the item's else_split out of its inputs, which are
  // there, and records them as if they had been unpacked. Splits(item) holds.
  absl::StatusOr<std::string> Split(const DownloadItem& item);

  // One line: there already, or what would be fetched from where. Writes
  // nothing.
  std::string Plan(const DownloadItem& item) const;

  // Tells the user a line, if the options say how.
  void Say(const std::string& line) const;

  const Downloader& downloader() const { return downloader_; }

 private:
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const DownloadItem& item);
  absl::Status FetchLocked(const DownloadItem& item);
  absl::Status FetchFile(const DownloadItem& item);
  absl::Status FetchUnpacked(const DownloadItem& item);

  const std::string directory_;
  const DownloadOptions options_;
  Downloader downloader_;
};

// For a person who watches: messages on stderr, and a bar.
DownloadOptions TerminalOptions();

// Fetches each; what no source delivers is made of other items of the manifest
// where it says how (else_split). An item that fails does not keep the next
// ones from being fetched. `done` is told the path of each that is there. The
// error names all that are not; one line where no server at all was reached.
absl::Status FetchItems(const DownloadManifest& manifest,
                        const std::vector<DownloadItem>& items,
                        Fetcher* fetcher,
                        absl::FunctionRef<void(const std::string&)> done);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_FETCHER_H_
