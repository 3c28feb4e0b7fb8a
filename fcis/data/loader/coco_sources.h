// COCO's own pictures for training, wherever they lie in a user's directory.
#ifndef FCIS_DATA_LOADER_COCO_SOURCES_H_
#define FCIS_DATA_LOADER_COCO_SOURCES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/loader/coco_index.h"

namespace fcis::data {

// The reference's training pictures, all of train2014 and val2014 but
// minival2014, in any layout that FindCocoSplit knows. The first that is
// complete of: train2014 and valminusminival2014; train2014 and val2014 without
// the pictures of minival2014 or val2017, which are the same; train2017, which
// is all of it. NotFound: none is there; the message names what was looked for.
absl::StatusOr<std::vector<CocoSource>> CocoTrainSources(
    absl::string_view root);

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_COCO_SOURCES_H_
