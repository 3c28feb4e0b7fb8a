// The flags --bad_annotations and --max_messages of programs that read
// annotations.
#ifndef FCIS_DATA_COCO_BAD_ANNOTATION_FLAGS_H_
#define FCIS_DATA_COCO_BAD_ANNOTATION_FLAGS_H_

#include "absl/status/statusor.h"
#include "fcis/data/coco/record_problems.h"

namespace fcis::data {

// A UsageError names the flag and what was expected.
absl::StatusOr<BadAnnotationPolicy> BadAnnotationPolicyFromFlags();

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_BAD_ANNOTATION_FLAGS_H_
