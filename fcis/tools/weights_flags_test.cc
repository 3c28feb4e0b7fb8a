#include "fcis/tools/weights_flags.h"

#include <string>
#include <vector>

#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/config/presets.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

void Give(const std::vector<std::string>& flags) {
  ASSERT_TRUE(ParseFlags(flags, {}).ok());
}

// In this order: a flag once given stays so.
TEST(WeightsFlagsTest, PresetsHaveDeterministicWeights) {
  Give({"--preset=parity_small", "--deterministic_seed=3"});
  ASSERT_TRUE(CheckWeightsFlags().ok());
  const auto weights = WeightsFromFlags();
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->config.name(), Preset("parity_small")->name());
  EXPECT_FALSE(weights->tensors.empty());
  Give({"--preset=nosuch"});
  EXPECT_EQ(ExitCode(CheckWeightsFlags()), kExitUsage);
  EXPECT_EQ(ExitCode(WeightsFromFlags().status()), kExitUsage);
  Give({"--preset=parity_small", "--modelpath=a.npz"});
  EXPECT_EQ(ExitCode(CheckWeightsFlags()), kExitUsage);
  Give({"--preset=", "--modelpath=/no/such/file.npz"});
  EXPECT_TRUE(CheckWeightsFlags().ok());
  EXPECT_FALSE(WeightsFromFlags().ok());
}

}  // namespace
}  // namespace fcis::tools
