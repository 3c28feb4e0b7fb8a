#include "fcis/tools/train_bench.h"

#include <cmath>

#include "fcis/core/config/presets.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "fcis/train/config/recipes.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

TEST(RunTrainBench, TimesEveryStep) {
  const auto backend =
      kernels::MakeTrainBackend("cpu", kernels::Precision::kF32);
  ASSERT_TRUE(backend.ok());
  BenchOptions options;
  options.height = 96;
  options.width = 128;
  options.repeats = 2;
  TrainConfig recipe = *train::Recipe("small_scenes");
  recipe.set_batch(2);
  const auto result =
      RunTrainBench(recipe, *Preset("parity_mini"), options, backend->get());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->seconds.size(), 2u);
  EXPECT_GT(result->loss, 0);
  EXPECT_TRUE(std::isfinite(result->loss));
  EXPECT_GT(result->peak_rss_mib, 0);
}

}  // namespace
}  // namespace fcis::tools
