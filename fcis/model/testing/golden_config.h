// The network of a parity fixture.
#ifndef FCIS_MODEL_TESTING_GOLDEN_CONFIG_H_
#define FCIS_MODEL_TESTING_GOLDEN_CONFIG_H_

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/testing/golden.h"

namespace fcis::model {

// As the arrays cfg/* and min_max of a small network's fixture state it; what
// they do not state is that of the preset parity_mini.
ModelConfig GoldenConfig(const GoldenFile& golden);

}  // namespace fcis::model

#endif  // FCIS_MODEL_TESTING_GOLDEN_CONFIG_H_
