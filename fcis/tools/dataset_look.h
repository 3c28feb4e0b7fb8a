// Counts and suspects of a data set: what its maker should look at, though
// nothing of it is an error.
#ifndef FCIS_TOOLS_DATASET_LOOK_H_
#define FCIS_TOOLS_DATASET_LOOK_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/data/loader/coco_index.h"

namespace fcis::tools {

enum class Suspect {
  kTiny,              // a mask of fewer than 16 pixels
  kHuge,              // one of more than 90 % of its picture
  kOutside,           // a polygon more than a pixel outside of its picture
  kThinPolygon,       // one that encloses less than a pixel
  kSelfOverlap,       // one that crosses or covers itself
  kDuplicateObject,   // two of a class whose boxes have an IoU above 0.95
  kDuplicatePicture,  // two files with the same bytes
  kCount,             // their number
};

// "masks of fewer than 16 pixels".
absl::string_view Describe(Suspect suspect);

struct SuspectRecord {
  Suspect suspect;
  int picture;     // of the index
  std::string id;  // of the annotation; of a picture the other's file
};

// Areas as COCO divides them: below 32 x 32 pixels, up to 96 x 96, above.
inline constexpr int kSizeClasses = 3;

struct ClassCounts {
  int64_t objects = 0, pictures = 0;
  std::array<int64_t, kSizeClasses> sizes = {};
};

struct DatasetLook {
  std::vector<ClassCounts> classes;  // by label, from 1 on
  // Objects by the root of their area, as a share of the root of the picture's:
  // ten parts of 10 %.
  std::array<int64_t, 10> shares = {};
  std::vector<SuspectRecord> suspects;  // by picture
};

// Decodes each mask, on NumThreads() threads; ignored objects do not count. A
// polygon overlaps itself where its area by the shoelace formula is off from
// that of its pixels by more than a tenth and what its border may make out (a
// pixel along half of it). Files are compared that have the same size.
DatasetLook LookAt(const data::CocoIndex& index);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_DATASET_LOOK_H_
