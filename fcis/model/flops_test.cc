#include "fcis/model/flops.h"

#include "fcis/core/config/presets.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// Counted layer by layer elsewhere; PyTorch's counter says 247.3e9 for the
// first.
TEST(NetworkFlops, ResNet101) {
  const ModelConfig config = *Preset("resnet101_coco");
  EXPECT_EQ(NetworkFlops(config, 600, 800), 247325286400.0);
  EXPECT_EQ(NetworkFlops(config, 333, 501), 87348757376.0);
}

}  // namespace
}  // namespace fcis
