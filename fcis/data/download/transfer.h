// One HTTP request that brings bytes into a file. What to do about a failure is
// decided by the caller (downloader.h).
#ifndef FCIS_DATA_DOWNLOAD_TRANSFER_H_
#define FCIS_DATA_DOWNLOAD_TRANSFER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

namespace fcis::data {

struct TransferRequest {
  std::string url;
  // Plain http too, here and in redirects. file:// is possible as `url` itself,
  // never as a redirect.
  bool allow_http = false;
  // The file that the body goes to, made if need be.
  std::string part;
  // Bytes that `part` holds already; the request asks for what follows.
  int64_t offset = 0;
  // ETag or date of those bytes; empty: none is known.
  std::string if_range;
  // Size that the whole file must have; 0: not known.
  int64_t expected_size = 0;
  absl::Duration connect_timeout = absl::Seconds(5);
  // Slower than this many bytes/s for that long: given up.
  int64_t low_speed_bytes = 1024;
  absl::Duration low_speed_time = absl::Seconds(30);
  // A file of certificates instead of the system's; empty: the system's, or
  // that of the client's last request.
  std::string ca_file;
  // The body begins at byte 0: `part` is empty now, and this is its ETag or
  // date, which a later request may state as if_range.
  std::function<void(const std::string& validator)> started;
  // Bytes in `part`, bytes of the whole file (0: not known).
  std::function<void(int64_t done, int64_t total)> progress;
};

enum class TransferEnd {
  kComplete,     // `part` is the whole file, as far as the server says
  kPage,         // a web page came instead; `part` is unchanged
  kBroken,       // passing trouble: worth another try
  kStale,        // `part` does not fit to what the server has: begin anew
  kRefused,      // this address will not deliver
  kUnreachable,  // no server was reached
  kLocalError,   // the disk, not the network
};

struct TransferResult {
  TransferEnd end = TransferEnd::kBroken;
  // For an error message; empty when complete.
  std::string reason;
  // What the server asks to wait; zero: nothing said.
  absl::Duration retry_after;
  // The page's text (its first 256 KiB) and address.
  std::string page, page_url;
};

// Keeps cookies and connections between requests. No error escapes as a signal
// or an exception.
class TransferClient {
 public:
  TransferClient();
  ~TransferClient();
  TransferClient(const TransferClient&) = delete;
  TransferClient& operator=(const TransferClient&) = delete;

  TransferResult Run(const TransferRequest& request);

 private:
  struct Closer {
    void operator()(void* curl) const;
  };
  std::unique_ptr<void, Closer> curl_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_TRANSFER_H_
