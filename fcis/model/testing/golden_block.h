// The residual blocks of the fixture ops_bn_blocks.npz.
#ifndef FCIS_MODEL_TESTING_GOLDEN_BLOCK_H_
#define FCIS_MODEL_TESTING_GOLDEN_BLOCK_H_

#include "fcis/core/testing/golden.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// What the fixture calls a block, and what its arrays do not say of it.
struct GoldenBlockCase {
  const char* name;
  int stride, dilation;
};
constexpr GoldenBlockCase kGoldenBlocks[] = {
    {"A", 2, 1}, {"B", 1, 1}, {"DA", 1, 2}, {"DB", 1, 2}};

struct GoldenBlock {
  BottleneckSpec spec;  // spec.name is the prefix of the block's arrays
  Weights weights;      // its kernels and batch norms
};
GoldenBlock ReadGoldenBlock(const GoldenFile& golden,
                            const GoldenBlockCase& block);

}  // namespace fcis::model

#endif  // FCIS_MODEL_TESTING_GOLDEN_BLOCK_H_
