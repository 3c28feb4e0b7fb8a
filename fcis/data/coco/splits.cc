#include "fcis/data/coco/splits.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fcis::data {
namespace {

// A split's annotations, and the archive that holds its pictures.
struct Source {
  const char* split;
  const char* annotations;
  const char* images;
};

// In order of preference.
constexpr Source kSources[] = {
    {"train2014", "train2014", "train2014"},
    {"val2014", "val2014", "val2014"},
    {"minival2014", "minival2014", "val2014"},
    {"minival2014", "val2017", "val2017"},
    {"valminusminival2014", "valminusminival2014", "val2014"},
    {"train2017", "train2017", "train2017"},
    {"val2017", "val2017", "val2017"},
};

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

std::vector<std::string> ImageDirectories(absl::string_view root,
                                          absl::string_view name) {
  return {absl::StrCat(root, "/images/", name), absl::StrCat(root, "/", name),
          absl::StrCat(root, "/coco_", name)};
}

}  // namespace

const std::vector<std::string>& CocoSplitNames() {
  static const auto& names = *[] {
    auto* list = new std::vector<std::string>;
    for (const Source& source : kSources) {
      if (list->empty() || list->back() != source.split) {
        list->push_back(source.split);
      }
    }
    return list;
  }();
  return names;
}

absl::StatusOr<CocoSplit> FindCocoSplit(absl::string_view root,
                                        absl::string_view name) {
  std::vector<std::string> missing;
  for (const Source& source : kSources) {
    if (name != source.split) continue;
    const std::string annotations = absl::StrCat(
        root, "/annotations/instances_", source.annotations, ".json");
    const std::vector<std::string> directories =
        ImageDirectories(root, source.images);
    for (const std::string& directory : directories) {
      if (Exists(annotations) && Exists(directory)) {
        return CocoSplit{annotations, directory};
      }
    }
    missing.push_back(absl::StrCat(annotations, " with ",
                                   absl::StrJoin(directories, " or ")));
  }
  return absl::NotFoundError(absl::StrCat("no ", name, ": expected ",
                                          absl::StrJoin(missing, ", or ")));
}

}  // namespace fcis::data
