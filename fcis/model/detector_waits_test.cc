// How often a picture waits on a backend whose memory is a device's.

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/config/presets.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/emulated_backend.h"
#include "fcis/model/detector.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

ModelConfig Config() {
  ModelConfig config = *Preset("parity_mini");
  config.mutable_postprocess()->set_score_thresh(0.01);
  return config;
}

TEST(DetectorWaitsTest, TheNetworkWaitsForNothing) {
  const auto backend = kernels::MakeEmulatedBackend(DType::kF32);
  const auto detector =
      *Detector::Create(DeterministicWeights(Config(), 5), backend.get());
  ASSERT_TRUE(
      detector->RunNetwork(kernels::RandomTensor("x", {1, 48, 64, 3}), nullptr)
          .ok());
  EXPECT_EQ(kernels::EmulatedWaits(*backend), 0);
}

// For scores and deltas, for RoIs, their scores and probabilities, then for the
// masks of what votes.
TEST(DetectorWaitsTest, APictureWaitsThreeTimesForAllItsResults) {
  const auto backend = kernels::MakeEmulatedBackend(DType::kF32);
  const auto detector =
      *Detector::Create(DeterministicWeights(Config(), 5), backend.get());
  Image image(60, 80);
  for (size_t p = 0; p < image.pixels.size(); ++p) {
    image.pixels[p] = RngBits(RngKey("noise", 1), p) >> 56;
  }
  for (int i = 1; i <= 2; ++i) {
    EXPECT_FALSE(detector->Detect(image, Config().postprocess())->empty());
    EXPECT_EQ(kernels::EmulatedWaits(*backend), (2 + 3 + 1) * i);
  }
}

}  // namespace
}  // namespace fcis::model
