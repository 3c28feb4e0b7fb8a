// What the fixtures do not show: empty results, bad input, threads, precision.
#include "fcis/model/detector.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/pipeline/pipeline.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

Image Noise(int height, int width) {
  Image image(height, width);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = RngBits(RngKey("noise", 3), i) >> 56;
  }
  return image;
}

class DetectorTest : public ::testing::Test {
 protected:
  DetectorTest()
      : config_(*Preset("parity_mini")),
        backend_(*kernels::MakeBackend("cpu", kernels::Precision::kF32)) {
    config_.mutable_postprocess()->set_score_thresh(0.01);
  }

  std::unique_ptr<Detector> Make() {
    return *Detector::Create(DeterministicWeights(config_, 5), backend_.get());
  }
  std::vector<Detection> Detect(const Detector& detector, const Image& image) {
    const auto found = detector.Detect(image, config_.postprocess());
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : std::vector<Detection>();
  }

  ModelConfig config_;
  std::unique_ptr<kernels::Backend> backend_;
};

void ExpectSame(const std::vector<Detection>& a,
                const std::vector<Detection>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].label, b[i].label) << i;
    EXPECT_EQ(a[i].score, b[i].score) << i;
    EXPECT_EQ(a[i].box, b[i].box) << i;
    EXPECT_TRUE(AllEqual(a[i].mask, b[i].mask)) << i;
  }
}

TEST_F(DetectorTest, RepeatsBitForBitWithAnyThreads) {
  const std::unique_ptr<Detector> detector = Make();
  const Image image = Noise(90, 120);
  SetNumThreads(1);
  const std::vector<Detection> one = Detect(*detector, image);
  EXPECT_FALSE(one.empty());
  ExpectSame(Detect(*detector, image), one);
  SetNumThreads(3);
  ExpectSame(Detect(*detector, image), one);
  SetNumThreads(0);
}

// Of several sizes, each first asked for by several threads at once.
TEST_F(DetectorTest, ThreadsDetectAtOnce) {
  for (const auto precision :
       {kernels::Precision::kF32, kernels::Precision::kBF16}) {
    auto backend =
        kernels::MakeBackend("cpu", precision, kernels::ConvAlgorithm::kAuto);
    if (!backend.ok()) continue;  // no bf16 here
    backend_ = *std::move(backend);
    const std::unique_ptr<Detector> alone = Make(), shared = Make();
    SetNumThreads(3);
    EXPECT_EQ(shared->PicturesAtOnce(), 3);
    std::vector<Image> pictures;
    for (int i = 0; i < 12; ++i) {
      pictures.push_back(i % 3 == 0 ? Noise(120, 90) : Noise(90, 120 + i / 4));
    }
    RunSideBySide(
        12, 3, [&](int64_t i) { return Detect(*shared, pictures[i]); },
        [&](int64_t i, const std::vector<Detection>& found) {
          ExpectSame(found, Detect(*alone, pictures[i]));
        });
    SetNumThreads(0);
  }
}

TEST_F(DetectorTest, PicturesOneByOneWhereTheNetworkIsLarge) {
  config_.mutable_input()->set_min_size(40000);
  config_.mutable_input()->set_max_size(60000);
  EXPECT_EQ(Make()->PicturesAtOnce(), 1);
  const auto ref = kernels::MakeBackend("ref", kernels::Precision::kF32);
  EXPECT_EQ((*Detector::Create(DeterministicWeights(*Preset("parity_mini"), 5),
                               ref->get()))
                ->PicturesAtOnce(),
            1);
}

TEST_F(DetectorTest, LooksAreFree) {
  const std::unique_ptr<Detector> detector = Make();
  const Image image = Noise(90, 120);
  int stages = 0;
  StageTimes times;
  const auto observed = detector->Detect(
      image, config_.postprocess(),
      [&stages](absl::string_view, const Tensor&) { ++stages; }, &times);
  ASSERT_TRUE(observed.ok());
  EXPECT_GT(stages, 20);
  EXPECT_GT(times.network, 0);
  ExpectSame(*observed, Detect(*detector, image));
}

TEST_F(DetectorTest, LayersAddUpToTheNetwork) {
  const std::unique_ptr<Detector> detector = Make();
  std::vector<LayerRun> layers;
  StageTimes times;
  times.layers = &layers;
  ASSERT_TRUE(
      detector->Detect(Noise(90, 120), config_.postprocess(), nullptr, &times)
          .ok());
  const Topology topology = TopologyOf(config_);
  ASSERT_EQ(layers.size(), topology.layers.size());
  const PreparedSize size = SizeToPrepare(90, 120, config_.input());
  const std::vector<Shape> shapes =
      *ShapesOf(topology, {1, size.height, size.width, 3});
  double sum = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    EXPECT_GT(layers[i].seconds, 0) << i;
    EXPECT_EQ(layers[i].precision, "f32") << i;
    EXPECT_EQ(layers[i].algorithm, "direct") << i;
    EXPECT_EQ(layers[i].bytes_written, 4 * shapes[i].num_elements()) << i;
    sum += layers[i].seconds;
  }
  EXPECT_EQ(layers[0].bytes_read, 4 * (size.height * size.width * 3 +
                                       topology.layers[0].out * 3 * 7 * 7));
  // Their clocks are read within the stage's; double rounds.
  EXPECT_LE(sum, times.network * (1 + 1e-9));
  EXPECT_GT(times.rois, 0);
}

TEST_F(DetectorTest, In8BitsNeedsAQuantisedModel) {
  const auto ref = kernels::MakeBackend("ref", kernels::Precision::kInt8);
  ASSERT_TRUE(ref.ok()) << ref.status();
  const absl::Status status =
      Detector::Create(DeterministicWeights(config_, 5), ref->get()).status();
  EXPECT_TRUE(absl::StrContains(status.message(), "expected a model in 8 bits"))
      << status;
}

TEST_F(DetectorTest, NoRoiIsAnEmptyResult) {
  config_.mutable_rpn()->set_min_size(100000);
  EXPECT_TRUE(Detect(*Make(), Noise(90, 120)).empty());
}

TEST_F(DetectorTest, NothingScoresEnough) {
  config_.mutable_postprocess()->set_score_thresh(1);
  EXPECT_TRUE(Detect(*Make(), Noise(90, 120)).empty());
  config_.mutable_postprocess()->set_mask_voting(false);
  EXPECT_TRUE(Detect(*Make(), Noise(90, 120)).empty());
}

TEST_F(DetectorTest, ChainercvsRulesWork) {
  PostprocessConfig* options = config_.mutable_postprocess();
  options->set_voting_rule(PostprocessConfig::CHAINERCV);
  config_.mutable_head()->set_psroi_rounding(HeadConfig::NONE);
  const std::unique_ptr<Detector> detector = Make();
  const std::vector<Detection> found = Detect(*detector, Noise(90, 120));
  EXPECT_FALSE(found.empty());
  for (const Detection& d : found) {
    EXPECT_GE(d.score, 0.01f);
    for (const float v : d.mask.span<float>()) {
      EXPECT_GE(v, 0);
      EXPECT_LE(v, 1);
    }
  }
  // Every RoI is dropped before the vote.
  options->set_min_drop_size(100000);
  EXPECT_TRUE(Detect(*detector, Noise(90, 120)).empty());
}

TEST_F(DetectorTest, Case53PicturesOfAnyShape) {
  const std::unique_ptr<Detector> detector = Make();
  for (const auto rule :
       {PostprocessConfig::CHAINER_FCIS, PostprocessConfig::CHAINERCV}) {
    config_.mutable_postprocess()->set_voting_rule(rule);
    for (const auto& [height, width] :
         {std::pair(1, 1), std::pair(1, 7), std::pair(3, 2), std::pair(500, 3),
          std::pair(3000, 1), std::pair(40, 6000), std::pair(1, 65000)}) {
      for (const Detection& d : Detect(*detector, Noise(height, width))) {
        EXPECT_GE(d.box.x0, 0);
        EXPECT_LE(d.box.x1, width);
        EXPECT_LE(d.box.y1, height);
      }
    }
  }
}

// Also where the short side would have fallen below a pixel, so that its own
// ratio says nothing.
TEST_F(DetectorTest, Case53BoxesReachTheEndsOfThinPictures) {
  config_.mutable_postprocess()->set_min_drop_size(0);
  const std::unique_ptr<Detector> detector = Make();
  for (const auto rule :
       {PostprocessConfig::CHAINER_FCIS, PostprocessConfig::CHAINERCV}) {
    config_.mutable_postprocess()->set_voting_rule(rule);
    float right = 0, bottom = 0;
    for (const Detection& d : Detect(*detector, Noise(1, 65000))) {
      right = std::max(right, d.box.x1);
    }
    for (const Detection& d : Detect(*detector, Noise(65000, 1))) {
      bottom = std::max(bottom, d.box.y1);
    }
    EXPECT_GT(right, 60000);
    EXPECT_GT(bottom, 60000);
  }
}

TEST_F(DetectorTest, EmptyPictureIsAnError) {
  EXPECT_FALSE(Make()->Detect(Image(), config_.postprocess()).ok());
}

TEST_F(DetectorTest, WhatDoesNotFitIsSaidBefore) {
  config_.mutable_input()->set_min_size(16000);
  const Weights weights = DeterministicWeights(config_, 5);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  constexpr int64_t kMore = int64_t{64} << 20;
  const rlimit limit = {
      static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + kMore),
      before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const auto detector = Detector::Create(weights, backend_.get());
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(detector.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(detector.status().message(),
                                "maps of a picture of 16000x16000 pixels"))
      << detector.status();
}

TEST_F(DetectorTest, MissingTensorIsNamed) {
  Weights weights = DeterministicWeights(config_, 5);
  weights.tensors.erase("rpn/loc/b");
  const auto detector = Detector::Create(weights, backend_.get());
  ASSERT_FALSE(detector.ok());
  EXPECT_TRUE(absl::StrContains(detector.status().message(), "rpn/loc/b"));
}

TEST_F(DetectorTest, LoweredScoresKeepTheirOrder) {
  const auto detector = Make();
  const Image image = Noise(60, 80);
  const std::vector<Detection> before = Detect(*detector, image);
  ASSERT_GT(before.size(), 2u);
  config_.mutable_postprocess()->set_score_thresh(
      LoweredScore(config_.postprocess().score_thresh(), 1.5));
  config_.mutable_postprocess()->set_lower_scores(1.5);
  std::vector<Detection> after = Detect(*detector, image);
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_FLOAT_EQ(after[i].score, LoweredScore(before[i].score, 1.5)) << i;
    after[i].score = before[i].score;
  }
  ExpectSame(after, before);
  config_.mutable_postprocess()->set_score_thresh(after[0].score);
  for (const Detection& d : Detect(*detector, image)) {
    EXPECT_GT(d.score, after[0].score);
  }
}

}  // namespace
}  // namespace fcis::model
