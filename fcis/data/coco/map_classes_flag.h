// The flag --map_classes of programs that score a model.
#ifndef FCIS_DATA_COCO_MAP_CLASSES_FLAG_H_
#define FCIS_DATA_COCO_MAP_CLASSES_FLAG_H_

#include <string>

#include "absl/flags/declare.h"

// For ParseClassMap.
ABSL_DECLARE_FLAG(std::string, map_classes);

#endif  // FCIS_DATA_COCO_MAP_CLASSES_FLAG_H_
