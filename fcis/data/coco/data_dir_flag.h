// The flag --data_dir of programs that read COCO.
#ifndef FCIS_DATA_COCO_DATA_DIR_FLAG_H_
#define FCIS_DATA_COCO_DATA_DIR_FLAG_H_

#include <string>

#include "absl/flags/declare.h"

// The directory for FindCocoSplit, as it was given (ResolvePath).
ABSL_DECLARE_FLAG(std::string, data_dir);

#endif  // FCIS_DATA_COCO_DATA_DIR_FLAG_H_
