#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/data/download/unpack.h"

namespace fcis::data {
namespace {

// Into a directory of its own, twice: what is there stays.
void UnpackAll(const std::string& archive) {
  static const std::string root = NewScratchDirectory("fcis_out");
  UnpackRules rules;
  UnpackRule* pictures = rules.Add();
  pictures->set_suffix(".jpg");
  pictures->set_directory("pictures");
  rules.Add()->set_directory("others");
  const auto files = Unpack(archive, rules, root);
  if (files.ok()) {
    for (const UnpackedFile& file : *files) {
      ABSL_RAW_CHECK(absl::StartsWith(file.path, "pictures/") ||
                         absl::StartsWith(file.path, "others/"),
                     file.path.c_str());
    }
    ABSL_RAW_CHECK(Unpack(archive, rules, root).ok(), "again");
  }
  std::error_code error;
  for (const char* place : {"/pictures", "/others"}) {
    std::filesystem::remove_all(root + place, error);
  }
  ABSL_RAW_CHECK(std::filesystem::is_empty(root, error), "elsewhere");
}

}  // namespace
}  // namespace fcis::data

// An archive is read to its end or refused, within the limits; its files go
// where the rules say.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  fcis::ArchiveLimits limits;
  limits.free_bytes = 1 << 20;
  if (fcis::data::CheckArchive(file.path(), limits).ok()) {
    fcis::data::UnpackAll(file.path());
  }
  return 0;
}
