// Writes a converted data set in COCO's, YOLO's and labelme's formats.
#ifndef FCIS_DATA_CONVERT_WRITE_SET_H_
#define FCIS_DATA_CONVERT_WRITE_SET_H_

#include <string>

#include "absl/status/status.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/place_pictures.h"

namespace fcis::data {

// Of complete sets (CompleteSet). Errors name the file.

// The pictures that validate, or the others; all: null. Categories are numbered
// from 1 on in the order of the classes, all of them in each part. Polygons
// stay polygons, pixels become RLE.
absl::Status WriteCoco(const ForeignSet& set, const PicturePlaces& places,
                       const bool* validates, const std::string& path);

// Names a file in the folders that WriteYolo or WriteLabelme and the copies of
// the pictures go to, which none of them writes: readers of the format would
// take what another conversion left there for a part of the set.
absl::Status CheckYoloLeftovers(const PicturePlaces& places,
                                const std::string& directory);
absl::Status CheckLabelmeLeftovers(const PicturePlaces& places);

// data.yaml, and labels/train and labels/val beside images/train and
// images/val, where `places` has them. An object of several parts becomes one
// polygon (Joined); of what came as pixels the outline is RleToPolygons'.
// Crowds and ignored objects cannot be said, and are left out, with a note.
absl::Status WriteYolo(const PicturePlaces& places,
                       const std::string& directory, ForeignSet* set);

// <stem>.json beside each picture. Several parts are shapes of one group_id;
// else as WriteYolo.
absl::Status WriteLabelme(const PicturePlaces& places, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_WRITE_SET_H_
