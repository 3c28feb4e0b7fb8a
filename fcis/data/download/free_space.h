// Room on the disk, asked for before bytes are spent on it.
#ifndef FCIS_DATA_DOWNLOAD_FREE_SPACE_H_
#define FCIS_DATA_DOWNLOAD_FREE_SPACE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace fcis::data {

// OK when `bytes` fit beside what is on the file system of `path` (a file that
// may be missing, or a directory that exists), or when that cannot be found
// out. Else an error that names the path, what is needed and what is free.
absl::Status CheckFreeSpace(const std::string& path, int64_t bytes);

// "252.9 MB".
std::string SizeText(int64_t bytes);

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_FREE_SPACE_H_
