// Brings a file from the first of its sources that delivers it: resumed,
// retried, verified, renamed into place.
//
// Beside the file stand <file>.part, what has arrived so far, and
// <file>.tag.part, which version on which server that is. The caller holds a
// lock; nothing here guards against another process.
#ifndef FCIS_DATA_DOWNLOAD_DOWNLOADER_H_
#define FCIS_DATA_DOWNLOAD_DOWNLOADER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fcis/data/download/manifest.pb.h"
#include "fcis/data/download/transfer.h"

namespace fcis::data {

struct DownloadOptions {
  // For one host that does not answer, and for all of them together as long as
  // none has.
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration unreachable_budget = absl::Seconds(12);
  int64_t low_speed_bytes = 1024;
  absl::Duration low_speed_time = absl::Seconds(30);
  // Failed tries of one source in a row, each without kEnoughProgress; the wait
  // after the first, doubled after each, and the longest one, also where the
  // server asks for more.
  int tries = 5;
  absl::Duration first_wait = absl::Seconds(1);
  absl::Duration longest_wait = absl::Seconds(60);
  std::string ca_file;
  // A line for the user: what is tried again and why. Empty: silence.
  std::function<void(absl::string_view)> say;
  // A bar on stderr.
  bool progress = false;
  // Makes the last two files out of the first two (SplitMinival2014), where no
  // source delivers an item that has an else_split. Empty: such an item is not
  // made. Programs that only fetch models need no reader of data sets.
  std::function<absl::Status(
      const std::string& val2014, const std::string& val2017,
      const std::string& minival, const std::string& rest)>
      split_minival;
};

class Downloader {
 public:
  // A try that brought this much does not count as failed.
  static constexpr int64_t kEnoughProgress = 1 << 20;

  explicit Downloader(DownloadOptions options) : options_(std::move(options)) {}

  // `path` is the item's file when this returns OK; it is synced and `verify`
  // has accepted it under its temporary name. Else nothing is at `path`. Errors
  // name the item, each source and what is wrong with it; a full disk ends
  // everything at once. No source is known: UNIMPLEMENTED, with the item's
  // note.
  absl::Status Download(
      const DownloadItem& item, const std::string& path,
      absl::FunctionRef<absl::Status(const std::string&)> verify);

  // Why each source of the last item did not deliver: "<host>: <cause>".
  const std::vector<std::string>& failures() const { return failures_; }

  // Whether any server has answered so far, and who has not.
  bool reached() const { return reached_; }
  const std::set<std::string>& unreachable_hosts() const {
    return unreachable_;
  }

 private:
  friend class SourceDownload;

  const DownloadOptions options_;
  TransferClient client_;
  std::vector<std::string> failures_;
  bool reached_ = false;
  std::set<std::string> unreachable_;
  absl::Duration unreachable_time_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_DOWNLOADER_H_
