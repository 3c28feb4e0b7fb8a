// Whether a file is still the one that was read before, without reading it.
#ifndef FCIS_CORE_IO_FILE_STAMP_H_
#define FCIS_CORE_IO_FILE_STAMP_H_

#include <string>

#include "absl/time/time.h"

namespace fcis {

// Equal for the same file with the same content: size, inode, and the times in
// nanoseconds at which its content and its inode last changed. `read_at` is a
// time before the content is read. "": there is no such file, or it changed
// later than two seconds before `read_at`; then another change might have the
// same times, and the stamp says nothing.
std::string FileStamp(const std::string& path, absl::Time read_at);

}  // namespace fcis

#endif  // FCIS_CORE_IO_FILE_STAMP_H_
