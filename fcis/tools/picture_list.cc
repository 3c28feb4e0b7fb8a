#include "fcis/tools/picture_list.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/paths.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;

// Also kinds that cannot be read: those get an error instead of being passed
// over in silence.
bool HasPictureExtension(const fs::path& path) {
  static constexpr absl::string_view kExtensions[] = {
      ".jpg", ".jpeg", ".jpe",  ".jfif", ".png",  ".bmp",
      ".gif", ".tif",  ".tiff", ".webp", ".heic", ".avif"};
  return absl::c_linear_search(
      kExtensions, absl::AsciiStrToLower(path.extension().string()));
}

class Lister {
 public:
  void AddDirectory(const std::string& directory) {
    std::error_code error;
    std::vector<fs::path> found;
    int others = 0;
    for (fs::directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code ignored;
      if (it->is_directory(ignored)) continue;
      if (HasPictureExtension(it->path())) {
        found.push_back(it->path());
      } else {
        ++others;
      }
    }
    if (error) {
      AddError(absl::StrCat(directory, ": ", error.message()));
    } else if (found.empty()) {
      AddError(absl::StrCat(directory, ": holds no pictures"));
    }
    if (others > 0) {
      list_.notes.push_back(absl::StrCat(
          directory, ": ", others, " other files are not pictures by name"));
    }
    absl::c_sort(found);
    for (const fs::path& path : found) AddFile(path.string());
  }

  void AddArgument(const std::string& argument) {
    const absl::StatusOr<std::vector<std::string>> paths = ExpandGlob(argument);
    if (!paths.ok()) {
      list_.errors.push_back(paths.status());
      return;
    }
    for (const std::string& path : *paths) {
      std::error_code error;
      if (fs::is_directory(path, error)) {
        AddDirectory(path);
      } else {
        AddFile(path);
      }
    }
  }

  PictureList Finish() {
    SetStems();
    return std::move(list_);
  }

 private:
  void AddError(absl::string_view message) {
    list_.errors.push_back(absl::NotFoundError(message));
  }

  void AddFile(const std::string& path) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    if (!seen_.insert(error ? path : canonical.string()).second) return;
    list_.pictures.push_back({path, fs::path(path).stem().string()});
  }

  // The first of a name keeps it, so that adding pictures renames none.
  void SetStems() {
    std::set<std::string> natural, taken;
    for (const Picture& picture : list_.pictures) natural.insert(picture.stem);
    for (Picture& picture : list_.pictures) {
      if (taken.insert(picture.stem).second) continue;
      std::string stem;
      int number = 2;
      do {
        stem = absl::StrCat(picture.stem, "_", number++);
      } while (natural.count(stem) > 0 || !taken.insert(stem).second);
      picture.stem = stem;
      list_.notes.push_back(absl::StrCat(picture.path,
                                         ": its results are named ", stem,
                                         ", as the name is taken"));
    }
  }

  PictureList list_;
  std::set<std::string> seen_;
};

}  // namespace

PictureList ListPictures(absl::string_view imgdir,
                         const std::vector<std::string>& arguments) {
  Lister lister;
  if (!imgdir.empty()) lister.AddDirectory(ResolvePath(imgdir));
  for (const std::string& argument : arguments) lister.AddArgument(argument);
  return lister.Finish();
}

absl::Status CheckNotEmpty(const PictureList& list) {
  if (!list.pictures.empty()) return absl::OkStatus();
  std::vector<absl::string_view> errors = {"no picture to work on"};
  for (const absl::Status& error : list.errors) {
    errors.push_back(error.message());
  }
  return absl::NotFoundError(absl::StrJoin(errors, "\n  "));
}

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
