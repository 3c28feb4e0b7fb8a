// Flags of programs that read annotations: which data set, and what is done
// about bad records of it.
#ifndef FCIS_DATA_COCO_DATA_FLAGS_H_
#define FCIS_DATA_COCO_DATA_FLAGS_H_

#include <string>

#include "absl/flags/declare.h"
#include "absl/status/statusor.h"
#include "fcis/data/coco/record_problems.h"

// A data set in COCO's format. Paths as they were given (ResolvePath).
ABSL_DECLARE_FLAG(std::string, ann_file);
ABSL_DECLARE_FLAG(std::string, image_dir);
// The directory for FindCocoSplit, as it was given.
ABSL_DECLARE_FLAG(std::string, data_dir);
// For ParseClassMap.
ABSL_DECLARE_FLAG(std::string, map_classes);

namespace fcis::data {

// Of --bad_annotations and --max_messages. A UsageError names the flag and what
// was expected.
absl::StatusOr<BadAnnotationPolicy> BadAnnotationPolicyFromFlags();

// --image_dir, absolute; "": it is not given. Error: it is no directory.
absl::StatusOr<std::string> ImageDirFromFlag();

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_DATA_FLAGS_H_
