#include "fcis/tools/keep_pictures.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/exit_code.h"

namespace fcis::tools {

namespace fs = std::filesystem;

absl::Status CheckKeepsPictures(const PictureList& list,
                                const std::string& directory) {
  std::error_code error;
  std::set<fs::path> inputs;
  for (const Picture& picture : list.pictures) {
    inputs.insert(fs::weakly_canonical(picture.path, error));
  }
  for (const Picture& picture : list.pictures) {
    const fs::path result = fs::weakly_canonical(
        absl::StrCat(directory, "/", picture.stem, ".png"), error);
    if (inputs.count(result) == 0) continue;
    return UsageError(absl::StrCat(
        result.string(), " is a picture to work on, and the result of ",
        picture.path, " would replace it; give another --out"));
  }
  return absl::OkStatus();
}

}  // namespace fcis::tools
