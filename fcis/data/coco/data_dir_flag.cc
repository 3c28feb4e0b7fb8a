#include "fcis/data/coco/data_dir_flag.h"

#include "absl/flags/flag.h"

ABSL_FLAG(std::string, data_dir, "~/data/datasets/coco",
          "COCO's files, as download_datasets lays them out.");
