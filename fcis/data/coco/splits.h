// Where the splits of COCO lie in a user's directory.
#ifndef FCIS_DATA_COCO_SPLITS_H_
#define FCIS_DATA_COCO_SPLITS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

// A file of annotations and where its pictures lie.
struct CocoSource {
  std::string ann_file, image_dir;
  // Unless empty, a file whose pictures are taken out of this one, by id.
  std::string without = "";
};

// minival2014, train2014, ...
const std::vector<std::string>& CocoSplitNames();

// Finds a split under `root`, in any of these layouts: the original's
// (images/val2014, annotations/instances_minival2014.json), COCO's own
// (val2017, annotations/instances_val2017.json) and Detectron's
// (coco_val2014). minival2014 has the pictures of val2017, whose files serve
// when its own are not there. NotFound: nothing of it is there; the message
// names what was looked for, without the command that would fetch it.
absl::StatusOr<CocoSource> FindCocoSplit(absl::string_view root,
                                         absl::string_view name);

// The reference's training pictures, all of train2014 and val2014 but
// minival2014, in any layout that FindCocoSplit knows. The first that is
// complete of: train2014 and valminusminival2014; train2014 and val2014 without
// the pictures of minival2014 or val2017, which are the same; train2017, which
// is all of it. NotFound: none is there; the message names what was looked for.
absl::StatusOr<std::vector<CocoSource>> CocoTrainSources(
    absl::string_view root);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_SPLITS_H_
