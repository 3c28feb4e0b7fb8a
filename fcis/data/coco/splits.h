// Where the splits of COCO lie in a user's directory.
#ifndef FCIS_DATA_COCO_SPLITS_H_
#define FCIS_DATA_COCO_SPLITS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

struct CocoSplit {
  std::string annotations;  // the JSON file
  std::string images;       // the directory of its pictures
};

// minival2014, train2014, ...
const std::vector<std::string>& CocoSplitNames();

// Finds a split under `root`, in any of these layouts: the original's
// (images/val2014, annotations/instances_minival2014.json), COCO's own
// (val2017, annotations/instances_val2017.json) and Detectron's
// (coco_val2014). minival2014 has the pictures of val2017, whose files serve
// when its own are not there. NotFound: nothing of it is there; the message
// names what was looked for, without the command that would fetch it.
absl::StatusOr<CocoSplit> FindCocoSplit(absl::string_view root,
                                        absl::string_view name);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_SPLITS_H_
