#include "fcis/core/io/file_stamp.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fcis {
namespace {

// Of a file system's times: FAT's are the coarsest.
constexpr absl::Duration kGranularity = absl::Seconds(2);

}  // namespace

std::string FileStamp(const std::string& path, absl::Time read_at) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return "";
  const absl::Time content = absl::TimeFromTimespec(info.st_mtim);
  const absl::Time inode = absl::TimeFromTimespec(info.st_ctim);
  if (std::max(content, inode) + kGranularity >= read_at) return "";
  return absl::StrCat(info.st_size, " ", info.st_ino, " ",
                      absl::ToUnixNanos(content), " ",
                      absl::ToUnixNanos(inode));
}

}  // namespace fcis
