// NumPy's .npz archives (zip of .npy arrays), read without trusting them:
// numeric types only, little-endian, extents checked against the bytes there.
#ifndef FCIS_CORE_IO_NPZ_H_
#define FCIS_CORE_IO_NPZ_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/zip_archive.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

class NpzFile {
 public:
  // Errors name the path: missing, not a zip, a duplicate or encrypted member.
  static absl::StatusOr<std::unique_ptr<NpzFile>> Open(const std::string& path);

  const std::string& path() const { return path_; }
  // Array names (without ".npy"), in the file's order.
  const std::vector<std::string>& names() const { return names_; }
  bool Has(absl::string_view name) const;

  // The array `name`, as ParseNpy gives it. Errors name path and array:
  // missing, damaged, or not a numeric array.
  absl::StatusOr<Tensor> Read(absl::string_view name) const;

 private:
  NpzFile() = default;

  std::string path_;
  std::vector<std::string> names_;
  std::shared_ptr<const MappedFile> file_;
  std::vector<ZipMember> members_;  // as names_
};

// Names of the members of any zip archive, as they stand in it, in its order;
// contents are not looked at. Errors name the path: missing, not a zip.
absl::StatusOr<std::vector<std::string>> ZipMembers(const std::string& path);

// Writes an archive of uncompressed arrays, atomically; bf16 is refused.
absl::Status WriteNpz(
    const std::string& path,
    const std::vector<std::pair<std::string, Tensor>>& arrays);

}  // namespace fcis

#endif  // FCIS_CORE_IO_NPZ_H_
