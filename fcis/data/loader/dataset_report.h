// What was found in a data set that training leaves out, or that its maker may
// want to know.
#ifndef FCIS_DATA_LOADER_DATASET_REPORT_H_
#define FCIS_DATA_LOADER_DATASET_REPORT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fcis/data/coco/record_problems.h"

namespace fcis::data {

enum class Finding {
  // Of pictures.
  kMissingPicture,
  kDamagedPicture,
  kOtherSize,
  kNoSize,
  kDuplicateImage,
  kNoAnnotation,
  kNoUsableAnnotation,
  kAllVanish,
  // Of annotations.
  kUnknownImage,
  kUnknownCategory,
  kDuplicateAnnotation,
  kCrowd,
  kIgnored,
  kNoBox,
  kEmptyBox,
  kVanishingBox,
  kShortPolygon,
  kBadMask,
  kEmptyMask,
  kBoxBesideMask,
  // Of categories.
  kDuplicateCategory,
  kCount,  // their number
};

class DatasetReport {
 public:
  static constexpr int kExamples = 10;

  int64_t pictures = 0, used_pictures = 0;
  int64_t annotations = 0, used_annotations = 0;
  // Of single records; not in ToText, for a policy says what becomes of them.
  RecordProblems problems;

  // `example` names the record; the first kExamples are kept.
  void Add(Finding finding, const std::string& example);
  int64_t count(Finding finding) const { return At(finding).count; }
  const std::vector<std::string>& examples(Finding finding) const {
    return At(finding).examples;
  }

  // The totals, then a line for each finding that occurred, with examples.
  std::string ToText() const;
  // {"pictures": .., "used_pictures": .., ..., "findings": {"crowd": {"count":
  // .., "examples": [..]}, ..}, "errors": {"count": .., "lines": [..]},
  // "conflicts": .., "remarks": ..}
  std::string ToJson() const;

 private:
  struct Entry {
    int64_t count = 0;
    std::vector<std::string> examples;
  };
  const Entry& At(Finding finding) const {
    return entries_[static_cast<size_t>(finding)];
  }

  std::array<Entry, static_cast<size_t>(Finding::kCount)> entries_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_DATASET_REPORT_H_
