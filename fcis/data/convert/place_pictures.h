// Where the pictures of a converted data set are.
#ifndef FCIS_DATA_CONVERT_PLACE_PICTURES_H_
#define FCIS_DATA_CONVERT_PLACE_PICTURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/data/convert/foreign_set.h"

namespace fcis::data {

struct PicturePlaces {
  std::string directory;
  std::vector<std::string> names;  // below it, by position in the set
};

// As they lie, below the directory that has them all. Errors: a picture has no
// file of its own.
absl::StatusOr<PicturePlaces> PicturesInPlace(const ForeignSet& set);

// As they will be copied into `directory`, with `parts` into train/ and val/
// there. Names stay, with a number behind those that another one has, whatever
// its ending.
PicturePlaces PlacesOfCopies(const ForeignSet& set, bool parts,
                             const std::string& directory);

// Copies them there. Errors name the file.
absl::Status CopyPictures(const ForeignSet& set, const PicturePlaces& places);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_PLACE_PICTURES_H_
