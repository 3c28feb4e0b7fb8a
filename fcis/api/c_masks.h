// What stands behind the C ABI's fcis_masks.
#ifndef FCIS_API_C_MASKS_H_
#define FCIS_API_C_MASKS_H_

#include <vector>

#include "fcis/core/rle/rle.h"

struct fcis_masks {
  std::vector<fcis::Rle> rles;
};

#endif  // FCIS_API_C_MASKS_H_
