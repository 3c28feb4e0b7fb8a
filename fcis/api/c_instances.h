// fcis_instances: what a detector found in a picture.
#ifndef FCIS_API_C_INSTANCES_H_
#define FCIS_API_C_INSTANCES_H_

#include <memory>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/mask/paste.h"
#include "fcis/fcis.h"

struct fcis_instances {
  struct One {
    int class_index = 0;  // of config->classes()
    float score = 0;
    fcis::Box box;
    fcis::PastedMask mask;
  };

  int height = 0, width = 0;  // of the picture
  std::shared_ptr<const fcis::ModelConfig> config;
  std::vector<One> all;
};

#endif  // FCIS_API_C_INSTANCES_H_
