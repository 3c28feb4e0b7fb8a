#include "fcis/data/coco/hold_out.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/string_view.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/split_dataset.h"

namespace fcis::data {
namespace {

constexpr int64_t kFewest = 8;  // pictures with objects
constexpr int64_t kMany = 12, kLeastOfMany = 4, kMost = 200;

int64_t Wanted(int64_t pictures, double share) {
  if (pictures < kFewest || share <= 0) return 0;
  const int64_t least = pictures < kMany ? 1 : kLeastOfMany;
  return std::clamp(std::llround(share * pictures),
                    static_cast<long long>(least),
                    static_cast<long long>(kMost));
}

// The pictures of one file name.
struct File {
  std::vector<int> positions;
  std::set<int> classes;
};

// Files with objects, in the order in which they are taken.
std::vector<File> InOrder(const std::vector<PictureClasses>& pictures,
                          uint64_t seed) {
  std::map<std::pair<uint64_t, std::string>, File> files;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const PictureClasses& picture = pictures[i];
    const uint64_t hash = Mix64(Fnv1a64(picture.file_name) ^ seed);
    File& file = files[{hash, picture.file_name}];
    file.positions.push_back(static_cast<int>(i));
    file.classes.insert(picture.classes.begin(), picture.classes.end());
  }
  std::vector<File> ordered;
  for (auto& [key, file] : files) {
    if (!file.classes.empty()) ordered.push_back(std::move(file));
  }
  return ordered;
}

struct Read {
  CocoDataset dataset;
  std::vector<RecordId> ids;             // of the pictures
  std::vector<PictureClasses> pictures;  // of two with one id the later
};

absl::StatusOr<Read> ReadPictures(const std::string& ann_file) {
  CocoNeeds needs;
  needs.file_name = MemberUse::kOptional;
  needs.ignore = MemberUse::kOptional;
  Read read;
  ASSIGN_OR_RETURN(read.dataset, ReadCocoDataset(ann_file, needs));
  RecordIndex positions;
  for (const CocoImage& image : read.dataset.images) {
    int at = positions.Find(image.id);
    if (at < 0) {
      at = static_cast<int>(read.pictures.size());
      positions.Set(image.id, at);
      read.ids.push_back(image.id);
      read.pictures.emplace_back();
    }
    read.pictures[static_cast<size_t>(at)].file_name = image.file_name;
  }
  const RecordIndex classes = IndexOf(read.dataset.categories);
  for (const CocoAnnotation& annotation : read.dataset.annotations) {
    const int picture = positions.Find(annotation.image_id);
    const int category = classes.Find(annotation.category_id);
    if (picture < 0 || category < 0 || annotation.crowd != 0 ||
        annotation.ignore || annotation.segmentation.empty()) {
      continue;
    }
    read.pictures[static_cast<size_t>(picture)].classes.push_back(category);
  }
  return read;
}

}  // namespace

std::vector<int> ChooseHeldOut(const std::vector<PictureClasses>& pictures,
                               double share, uint64_t seed, bool every_class) {
  const std::vector<File> files = InOrder(pictures, seed);
  std::map<int, int> training, validating;  // files by class
  for (const File& file : files) {
    for (const int c : file.classes) ++training[c];
  }
  std::vector<int> chosen;
  // Unless a class would have none to train on.
  const auto take = [&](const File& file) {
    for (const int c : file.classes) {
      if (training[c] == 1) return false;
    }
    for (const int c : file.classes) {
      --training[c];
      ++validating[c];
    }
    chosen.insert(chosen.end(), file.positions.begin(), file.positions.end());
    return true;
  };
  int64_t wanted = Wanted(static_cast<int64_t>(files.size()), share);
  std::vector<const File*> left;
  for (const File& file : files) {
    if (wanted > 0 && take(file)) {
      --wanted;
    } else {
      left.push_back(&file);
    }
  }
  for (const File* file : left) {
    const bool needed = every_class && !chosen.empty() &&
                        std::any_of(file->classes.begin(), file->classes.end(),
                                    [&](int c) { return validating[c] == 0; });
    if (needed) take(*file);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

absl::StatusOr<HeldOut> HoldOut(const std::string& ann_file, double share) {
  ASSIGN_OR_RETURN(const Read read, ReadPictures(ann_file));
  const std::vector<int> positions = ChooseHeldOut(read.pictures, share);
  HeldOut held;
  held.pictures = static_cast<int64_t>(read.pictures.size());
  held.with_objects = std::count_if(
      read.pictures.begin(), read.pictures.end(),
      [](const PictureClasses& picture) { return !picture.classes.empty(); });
  held.held_out = static_cast<int64_t>(positions.size());
  if (positions.empty()) return held;
  RecordIndex chosen;
  for (const int at : positions) chosen.Set(read.ids[at], at);
  const ChooseRecord validates = [&](absl::string_view,
                                     const RecordId& picture) {
    return chosen.Find(picture) >= 0;
  };
  RETURN_IF_ERROR(Within(
      ann_file, SplitDataset(read.dataset.file->bytes(), BadRecords::kToRest,
                             validates, &held.validation, &held.train)));
  return held;
}

}  // namespace fcis::data
