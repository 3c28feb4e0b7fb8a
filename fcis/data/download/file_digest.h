// MD5 and SHA-256 of a file, for comparing it with published values.
#ifndef FCIS_DATA_DOWNLOAD_FILE_DIGEST_H_
#define FCIS_DATA_DOWNLOAD_FILE_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace fcis::data {

// Lower-case hex.
struct FileDigest {
  std::string md5, sha256;
  int64_t size = 0;
};

// Reads the file once, in pieces: it may be larger than the memory. Errors name
// the path.
absl::StatusOr<FileDigest> DigestFile(const std::string& path);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_FILE_DIGEST_H_
