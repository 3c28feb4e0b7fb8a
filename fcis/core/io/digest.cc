#include "fcis/core/io/digest.h"

#include <openssl/evp.h>

#include <utility>

#include "absl/strings/escaping.h"

namespace fcis {

struct Digest::Context {
  explicit Context(const EVP_MD* kind) : md(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(md, kind, nullptr);
  }
  ~Context() { EVP_MD_CTX_free(md); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* const md;
};

Digest::Digest(std::unique_ptr<Context> context)
    : context_(std::move(context)) {}

Digest::Digest(Digest&&) noexcept = default;

Digest::~Digest() = default;

Digest Digest::Md5() { return Digest(std::make_unique<Context>(EVP_md5())); }

Digest Digest::Sha256() {
  return Digest(std::make_unique<Context>(EVP_sha256()));
}

void Digest::Update(absl::string_view bytes) {
  EVP_DigestUpdate(context_->md, bytes.data(), bytes.size());
}

std::string Digest::Hex() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_->md, bytes, &size);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), size));
}

}  // namespace fcis
