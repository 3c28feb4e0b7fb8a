#include "fcis/data/coco/splits.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/io/file.h"

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

std::vector<std::string> ImageDirectories(absl::string_view root,
                                          absl::string_view name) {
  return {absl::StrCat(root, "/images/", name), absl::StrCat(root, "/", name),
          absl::StrCat(root, "/coco_", name)};
}

// The list of minival2014 under either name, without its pictures; "" when it
// is not there.
std::string MinivalList(absl::string_view root) {
  for (const char* name : {"minival2014", "val2017"}) {
    const std::string path =
        absl::StrCat(root, "/annotations/instances_", name, ".json");
    if (FileExists(path)) return path;
  }
  return "";
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

absl::StatusOr<CocoSource> FindCocoSplit(absl::string_view root,
                                         absl::string_view name) {
  std::vector<std::string> missing;
  for (const Source& source : kSources) {
    if (name != source.split) continue;
    const std::string annotations = absl::StrCat(
        root, "/annotations/instances_", source.annotations, ".json");
    const std::vector<std::string> directories =
        ImageDirectories(root, source.images);
    for (const std::string& directory : directories) {
      if (FileExists(annotations) && FileExists(directory)) {
        return CocoSource{annotations, directory};
      }
    }
    missing.push_back(absl::StrCat(annotations, " with ",
                                   absl::StrJoin(directories, " or ")));
  }
  return absl::NotFoundError(absl::StrCat("no ", name, ": expected ",
                                          absl::StrJoin(missing, ", or ")));
}

absl::StatusOr<std::vector<CocoSource>> CocoTrainSources(
    absl::string_view root) {
  const auto train = FindCocoSplit(root, "train2014");
  const auto rest = FindCocoSplit(root, "valminusminival2014");
  if (train.ok() && rest.ok()) {
    return std::vector<CocoSource>{*train, *rest};
  }
  const auto val = FindCocoSplit(root, "val2014");
  const std::string minival = MinivalList(root);
  if (train.ok() && val.ok() && !minival.empty()) {
    return std::vector<CocoSource>{*train,
                                   {val->ann_file, val->image_dir, minival}};
  }
  const auto train2017 = FindCocoSplit(root, "train2017");
  if (train2017.ok()) return std::vector<CocoSource>{*train2017};
  return absl::NotFoundError(absl::StrCat(
      train.ok() ? "" : absl::StrCat(train.status().message(), "; "),
      rest.ok() ? "" : absl::StrCat(rest.status().message(), "; "), "and ",
      train2017.status().message()));
}

}  // namespace fcis::data
