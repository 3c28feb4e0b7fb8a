#include "fcis/data/loader/coco_sources.h"

#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/data/coco/splits.h"

namespace fcis::data {
namespace {

CocoSource SourceOf(const CocoSplit& split) {
  return {split.annotations, split.images};
}

// The list of minival2014 under either name, without its pictures; "" when it
// is not there.
std::string MinivalList(absl::string_view root) {
  for (const char* name : {"minival2014", "val2017"}) {
    const std::string path =
        absl::StrCat(root, "/annotations/instances_", name, ".json");
    if (access(path.c_str(), F_OK) == 0) return path;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<CocoSource>> CocoTrainSources(
    absl::string_view root) {
  const auto train = FindCocoSplit(root, "train2014");
  const auto rest = FindCocoSplit(root, "valminusminival2014");
  if (train.ok() && rest.ok()) {
    return std::vector<CocoSource>{SourceOf(*train), SourceOf(*rest)};
  }
  const auto val = FindCocoSplit(root, "val2014");
  const std::string minival = MinivalList(root);
  if (train.ok() && val.ok() && !minival.empty()) {
    CocoSource source = SourceOf(*val);
    source.without = minival;
    return std::vector<CocoSource>{SourceOf(*train), source};
  }
  const auto train2017 = FindCocoSplit(root, "train2017");
  if (train2017.ok()) return std::vector<CocoSource>{SourceOf(*train2017)};
  return absl::NotFoundError(absl::StrCat(
      train.ok() ? "" : absl::StrCat(train.status().message(), "; "),
      rest.ok() ? "" : absl::StrCat(rest.status().message(), "; "), "and ",
      train2017.status().message()));
}

}  // namespace fcis::data
