#include "fcis/data/convert/place_pictures.h"

#include <filesystem>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;

std::string NameOf(const ForeignPicture& picture) {
  return picture.path.empty() ? picture.name
                              : fs::path(picture.path).filename().string();
}

// The directory that both are below, or the same.
fs::path CommonTop(const fs::path& a, const fs::path& b) {
  fs::path common;
  for (auto i = a.begin(), j = b.begin();
       i != a.end() && j != b.end() && *i == *j; ++i, ++j) {
    common /= *i;
  }
  return common;
}

// A name whose stem is none of `taken`.
std::string FreeName(const std::string& name, std::set<std::string>* taken) {
  const fs::path path(name);
  std::string stem = path.stem().string();
  for (int i = 2; !taken->insert(stem).second; ++i) {
    stem = absl::StrCat(path.stem().string(), "_", i);
  }
  return stem + path.extension().string();
}

absl::Status Copy(const ForeignPicture& picture, const std::string& to) {
  if (picture.path == to) return absl::OkStatus();
  if (picture.path.empty()) {
    ASSIGN_OR_RETURN(const std::string bytes, picture.embedded());
    return WriteFileAtomic(to, bytes);
  }
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(picture.path));
  return WriteFileAtomic(to, file->bytes());
}

}  // namespace

absl::StatusOr<PicturePlaces> PicturesInPlace(const ForeignSet& set) {
  PicturePlaces places;
  fs::path top;
  for (const ForeignPicture& picture : set.pictures) {
    if (picture.path.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(picture.source,
                       ": its picture is in it alone; expected "
                       "--copy_images"));
    }
    const fs::path parent = fs::path(picture.path).parent_path();
    top = top.empty() ? parent : CommonTop(top, parent);
  }
  places.directory = top.string();
  for (const ForeignPicture& picture : set.pictures) {
    places.names.push_back(fs::path(picture.path).lexically_relative(top));
  }
  return places;
}

PicturePlaces PlacesOfCopies(const ForeignSet& set, bool parts,
                             const std::string& directory) {
  PicturePlaces places;
  places.directory = directory;
  std::set<std::string> taken;
  for (const ForeignPicture& picture : set.pictures) {
    std::string name = FreeName(NameOf(picture), &taken);
    if (parts) name = absl::StrCat(picture.validates ? "val/" : "train/", name);
    places.names.push_back(std::move(name));
  }
  return places;
}

absl::Status CopyPictures(const ForeignSet& set, const PicturePlaces& places) {
  for (size_t i = 0; i < set.pictures.size(); ++i) {
    const fs::path path = fs::path(places.directory) / places.names[i];
    RETURN_IF_ERROR(MakeDirectoriesOf(path.string()));
    RETURN_IF_ERROR(Copy(set.pictures[i], path.string()));
  }
  return absl::OkStatus();
}

}  // namespace fcis::data
