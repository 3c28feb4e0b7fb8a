// MD5 and SHA-256 of bytes that come in pieces.
#ifndef FCIS_CORE_IO_DIGEST_H_
#define FCIS_CORE_IO_DIGEST_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

class Digest {
 public:
  static Digest Md5();
  static Digest Sha256();
  Digest(Digest&&) noexcept;
  ~Digest();

  void Update(absl::string_view bytes);
  // Of all bytes so far, in lower-case hex. Once.
  std::string Hex();

 private:
  struct Context;
  explicit Digest(std::unique_ptr<Context> context);

  std::unique_ptr<Context> context_;
};

}  // namespace fcis

#endif  // FCIS_CORE_IO_DIGEST_H_
