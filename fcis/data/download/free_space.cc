#include "fcis/data/download/free_space.h"

#include <sys/statvfs.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fcis::data {

absl::Status CheckFreeSpace(const std::string& path, int64_t bytes) {
  const std::string directory =
      std::filesystem::path(path).parent_path().string();
  struct statvfs info;
  if (statvfs(path.c_str(), &info) != 0 &&
      statvfs(directory.c_str(), &info) != 0) {
    return absl::OkStatus();
  }
  const int64_t free = static_cast<int64_t>(info.f_bavail) * info.f_frsize;
  if (bytes <= free) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("too little space for ", path, ": ", SizeText(bytes),
                   " needed, ", SizeText(free), " free"));
}

std::string SizeText(int64_t bytes) {
  double value = bytes;
  if (value < 1000) return absl::StrCat(bytes, " bytes");
  for (const char* unit : {"kB", "MB"}) {
    value /= 1000;
    if (value < 1000) return absl::StrFormat("%.1f %s", value, unit);
  }
  return absl::StrFormat("%.1f GB", value / 1000);
}

}  // namespace fcis::data
