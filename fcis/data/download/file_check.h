// Whether a file is what the manifest says: size, hashes, structure. Where no
// hash is published, the SHA-256 of the first good download is recorded beside
// the file and holds from then on.
#ifndef FCIS_DATA_DOWNLOAD_FILE_CHECK_H_
#define FCIS_DATA_DOWNLOAD_FILE_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/data/download/manifest.pb.h"

namespace fcis::data {

// A file's hashes, in lower-case hex, and its bytes.
struct FileDigest {
  std::string md5, sha256;
  int64_t size = 0;
};

// Reads the file once, in pieces: it may be larger than the memory. Errors name
// the path.
absl::StatusOr<FileDigest> DigestFile(const std::string& path);

// The record for a file: "<sha256>  <name>", as sha256sum writes it.
std::string PinPath(const std::string& path);

// OK when the bytes at `path` (perhaps under a temporary name) are the item's,
// which is or will be at `final_path`; then a record is there. Errors say what
// was found and what was expected.
absl::Status CheckFile(const DownloadItem& item, const std::string& path,
                       const std::string& final_path);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_FILE_CHECK_H_
