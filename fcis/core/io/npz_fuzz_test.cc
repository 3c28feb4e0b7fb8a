#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/npz.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/core/testing/scratch_path.h"

namespace fcis {
namespace {

using Arrays = std::vector<std::pair<std::string, Tensor>>;

void WriteAndRead(const Arrays& arrays) {
  static const std::string path = ScratchPath("fcis_fuzz.npz");
  ABSL_RAW_CHECK(WriteNpz(path, arrays).ok(), "written");
  const auto again = NpzFile::Open(path);
  ABSL_RAW_CHECK(again.ok(), std::string(again.status().message()).c_str());
  for (const auto& [name, array] : arrays) {
    const auto read = (*again)->Read(name);
    ABSL_RAW_CHECK(read.ok() && read->shape() == array.shape(), "read again");
  }
}

}  // namespace
}  // namespace fcis

// Whatever the bytes: every array is read or refused; what was read is written
// and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile bytes(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  fcis::ZipMembers(bytes.path()).IgnoreError();
  const auto file = fcis::NpzFile::Open(bytes.path());
  if (!file.ok()) return 0;
  fcis::Arrays arrays;
  for (const std::string& name : (*file)->names()) {
    ABSL_RAW_CHECK((*file)->Has(name), "a name");
    auto array = (*file)->Read(name);
    if (array.ok()) arrays.emplace_back(name, *std::move(array));
  }
  ABSL_RAW_CHECK(!(*file)->Read("no such").ok() || (*file)->Has("no such"),
                 "another name");
  fcis::WriteAndRead(arrays);
  return 0;
}
