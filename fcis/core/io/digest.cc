#include "fcis/core/io/digest.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"

namespace fcis {

Digest::Digest(const EVP_MD* kind)
    : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), kind, nullptr);
}

Digest Digest::Md5() { return Digest(EVP_md5()); }

Digest Digest::Sha256() { return Digest(EVP_sha256()); }

void Digest::Update(absl::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Digest::Hex() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_.get(), bytes, &size);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), size));
}

}  // namespace fcis
