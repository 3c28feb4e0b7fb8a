// MD5 and SHA-256 of bytes that come in pieces.
#ifndef FCIS_CORE_IO_DIGEST_H_
#define FCIS_CORE_IO_DIGEST_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

// OpenSSL's EVP_MD and EVP_MD_CTX.
struct evp_md_st;
struct evp_md_ctx_st;

namespace fcis {

class Digest {
 public:
  static Digest Md5();
  static Digest Sha256();

  void Update(absl::string_view bytes);
  // Of all bytes so far, in lower-case hex. Once.
  std::string Hex();

 private:
  explicit Digest(const evp_md_st* kind);

  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace fcis

#endif  // FCIS_CORE_IO_DIGEST_H_
