#include "fcis/core/testing/scratch_path.h"

#include <cstdlib>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"

namespace fcis {

std::string ScratchPath(absl::string_view name) {
  const char* const folder = std::getenv("TEST_TMPDIR");
  return absl::StrCat(folder == nullptr ? "/tmp" : folder, "/", name);
}

std::string NewScratchDirectory(absl::string_view name) {
  std::string path = ScratchPath(absl::StrCat(name, ".XXXXXX"));
  ABSL_RAW_CHECK(mkdtemp(path.data()) != nullptr, "a directory");
  return path;
}

}  // namespace fcis
