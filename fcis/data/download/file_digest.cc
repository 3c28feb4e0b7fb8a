#include "fcis/data/download/file_digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "fcis/core/io/file.h"

namespace fcis {
namespace {

class Hash {
 public:
  explicit Hash(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), kind, nullptr);
  }
  void Update(const char* data, size_t size) {
    EVP_DigestUpdate(context_.get(), data, size);
  }
  std::string Hex() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes, &size);
    return absl::BytesToHexString(
        absl::string_view(reinterpret_cast<const char*>(bytes), size));
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

absl::StatusOr<FileDigest> DigestFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open", path, errno);
  const absl::Cleanup closer = [fd] { close(fd); };
  Hash md5(EVP_md5()), sha256(EVP_sha256());
  FileDigest digest;
  std::vector<char> buffer(size_t{1} << 20);
  while (true) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("cannot read", path, errno);
    if (got == 0) break;
    md5.Update(buffer.data(), got);
    sha256.Update(buffer.data(), got);
    digest.size += got;
  }
  digest.md5 = md5.Hex();
  digest.sha256 = sha256.Hex();
  return digest;
}

}  // namespace fcis
