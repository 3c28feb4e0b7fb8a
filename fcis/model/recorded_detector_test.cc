// A detector whose network the backend may record and repeat, beside the same
// network run op by op, as it is when it is observed.
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/cuda/emulated_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/detector.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

Tensor Picture(int number, int64_t height, int64_t width) {
  Tensor x =
      kernels::RandomTensor(std::to_string(number), {1, height, width, 3});
  for (float& v : x.mutable_span<float>()) v *= 100;
  return x;
}

Image Noise(int number, int height, int width) {
  Image image(height, width);
  for (size_t p = 0; p < image.pixels.size(); ++p) {
    image.pixels[p] = RngBits(RngKey("noise", number), p) >> 56;
  }
  return image;
}

void Ignore(absl::string_view, const Tensor&) {}

ModelConfig Config() {
  ModelConfig config = *Preset("parity_mini");
  config.mutable_postprocess()->set_score_thresh(0.01);
  return config;
}

std::unique_ptr<Detector> Make(kernels::Backend* backend) {
  return *Detector::Create(DeterministicWeights(Config(), 5), backend);
}

class RecordedDetectorTest
    : public ::testing::TestWithParam<std::tuple<std::string, DType>> {
 protected:
  void SetUp() override {
    backend_ = kernels::MakeTestBackend(std::get<0>(GetParam()),
                                        std::get<1>(GetParam()));
    if (backend_ == nullptr) GTEST_SKIP() << "no bf16 on this CPU";
    detector_ = Make(backend_.get());
  }

  void ExpectRight(const Detector::Maps& got, const Tensor& prepared) {
    const Detector::Maps want = *detector_->RunNetwork(prepared, Ignore);
    const auto expect = [&](const Tensor& a, const Tensor& b) {
      EXPECT_TRUE(AllEqual(*backend_->ToHost(a), *backend_->ToHost(b)));
    };
    expect(got.rpn.scores, want.rpn.scores);
    expect(got.rpn.deltas, want.rpn.deltas);
    expect(got.head.scores, want.head.scores);
    expect(got.head.boxes, want.head.boxes);
  }

  std::unique_ptr<kernels::Backend> backend_;
  std::unique_ptr<Detector> detector_;
};

TEST_P(RecordedDetectorTest, PicturesOfTwoShapes) {
  for (int i = 0; i < 3; ++i) {
    for (const auto& [height, width] : {std::pair(48, 64), std::pair(64, 50)}) {
      const Tensor x = Picture(i, height, width);
      ExpectRight(*detector_->RunNetwork(x, nullptr), x);
    }
  }
}

TEST_P(RecordedDetectorTest, MapsThatAreHeldStay) {
  std::vector<Detector::Maps> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(*detector_->RunNetwork(Picture(i, 48, 64), nullptr));
  }
  for (int i = 0; i < 4; ++i) ExpectRight(held[i], Picture(i, 48, 64));
}

INSTANTIATE_TEST_SUITE_P(
    Backends, RecordedDetectorTest,
    ::testing::Combine(::testing::ValuesIn(kernels::BackendNames()),
                       ::testing::Values(DType::kF32, DType::kBF16)),
    [](const auto& info) {
      return kernels::BackendTestName(std::get<0>(info.param)) +
             std::string(DTypeName(std::get<1>(info.param)));
    });

// A copy between host and device would be no recording, or a wait.
TEST(EmulatedDetectorTest, TheNetworkIsRepeatedAndWaitsForNothing) {
  const auto backend = kernels::MakeEmulatedBackend(DType::kF32);
  const auto detector = Make(backend.get());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(detector->RunNetwork(Picture(i, 48, 64), nullptr).ok());
  }
  EXPECT_EQ(kernels::EmulatedRepeats(*backend), 3);
  EXPECT_EQ(kernels::EmulatedWaits(*backend), 0);
}

// The kept proposals with their number, the number of candidates, the voted
// instances.
TEST(EmulatedDetectorTest, APictureWaitsThreeTimes) {
  const auto backend = kernels::MakeEmulatedBackend(DType::kF32);
  const auto detector = Make(backend.get());
  for (int i = 1; i <= 3; ++i) {
    const auto found =
        *detector->Detect(Noise(i, 60, 80), Config().postprocess());
    EXPECT_FALSE(found.empty());
    EXPECT_EQ(kernels::EmulatedWaits(*backend), 3 * i);
  }
}

TEST(EmulatedDetectorTest, SameDetections) {
  const auto recorded = kernels::MakeEmulatedBackend(DType::kF32);
  const auto plain =
      kernels::MakeEmulatedBackend(DType::kF32, /*records=*/false);
  const auto detector = Make(recorded.get());
  const auto expected = Make(plain.get());
  const PostprocessConfig options = Config().postprocess();
  for (int i = 0; i < 4; ++i) {
    const Image image = Noise(i, 60, 80);
    const auto got = *detector->Detect(image, options);
    const auto want = *expected->Detect(image, options);
    EXPECT_FALSE(want.empty());
    ASSERT_EQ(got.size(), want.size());
    for (size_t d = 0; d < want.size(); ++d) {
      EXPECT_EQ(got[d].label, want[d].label);
      EXPECT_EQ(got[d].score, want[d].score);
      EXPECT_EQ(got[d].box, want[d].box);
      EXPECT_TRUE(AllEqual(got[d].mask, want[d].mask));
    }
  }
  EXPECT_EQ(kernels::EmulatedRepeats(*recorded), 3);
  EXPECT_EQ(kernels::EmulatedRepeats(*plain), 0);
}

}  // namespace
}  // namespace fcis::model
