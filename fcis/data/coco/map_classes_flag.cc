#include "fcis/data/coco/map_classes_flag.h"

#include "absl/flags/flag.h"

ABSL_FLAG(std::string, map_classes, "",
          "Which category of the data set that is scored a class of the model "
          "is where the names differ: person:pedestrian,'model name:set name'. "
          "Several classes may be one category. Else names decide, whatever "
          "their case; usual spellings (aeroplane, airplane) are known.");
