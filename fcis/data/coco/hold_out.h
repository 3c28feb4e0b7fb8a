// A validation part set aside from a data set in COCO's format.
#ifndef FCIS_DATA_COCO_HOLD_OUT_H_
#define FCIS_DATA_COCO_HOLD_OUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fcis::data {

// A picture to choose from.
struct PictureClasses {
  std::string file_name;
  std::vector<int> classes;  // of its objects
};

// Positions, ascending, of the pictures that validate. `share` of those with
// objects, at least 4 of 12 and more, at least 1 of fewer, at most 200; of
// fewer than 8 none. They are the first in the order of a hash of their file
// names and `seed`: other pictures in the set hardly change which they are.
// Those of one file name stay together. Passed over are pictures without which
// a class would have none to train on, so that it may be fewer. With
// `every_class` come those that a class of two pictures and more needs to be
// validated too.
std::vector<int> ChooseHeldOut(const std::vector<PictureClasses>& pictures,
                               double share, uint64_t seed = 0,
                               bool every_class = false);

struct HeldOut {
  int64_t pictures = 0;           // of the whole file
  int64_t with_objects = 0;       // of them; crowds and ignored ones are none
  int64_t held_out = 0;           // 0: there are no parts
  std::string train, validation;  // the parts' text
};

// Reads the file and takes it apart (SplitDataset); records whose picture is
// not known train. Errors name the file: those of ReadCocoDataset; a list is
// missing. What is wrong with single records is for the parts' readers.
absl::StatusOr<HeldOut> HoldOut(const std::string& ann_file, double share);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_HOLD_OUT_H_
