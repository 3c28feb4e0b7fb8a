#include "fcis/data/download/file_digest.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "fcis/core/io/digest.h"
#include "fcis/core/io/file.h"

namespace fcis::data {

absl::StatusOr<FileDigest> DigestFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open", path, errno);
  const absl::Cleanup closer = [fd] { close(fd); };
  Digest md5 = Digest::Md5(), sha256 = Digest::Sha256();
  FileDigest digest;
  std::vector<char> buffer(size_t{1} << 20);
  while (true) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("cannot read", path, errno);
    if (got == 0) break;
    const absl::string_view piece(buffer.data(), got);
    md5.Update(piece);
    sha256.Update(piece);
    digest.size += got;
  }
  digest.md5 = md5.Hex();
  digest.sha256 = sha256.Hex();
  return digest;
}

}  // namespace fcis::data
