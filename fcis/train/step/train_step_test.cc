// What a step waits for on a backend whose memory is a device's; and that it
// scales gradients without a rounding. train_parity_test checks the numbers.
#include "fcis/train/step/train_step.h"

#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/emulated_backend.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

constexpr int kHeight = 64, kWidth = 80;

data::TrainSample Sample(int number) {
  data::TrainSample sample;
  sample.prepared =
      kernels::RandomTensor(std::to_string(number), {1, kHeight, kWidth, 3});
  for (float& v : sample.prepared.mutable_span<float>()) v *= 100;
  sample.scale = 1;
  sample.instances.boxes = {{8, 8, 40, 48}};
  sample.instances.labels = {1 + number};
  sample.instances.masks = {std::vector<uint8_t>(kHeight * kWidth, 1)};
  return sample;
}

class TrainStepTest : public ::testing::Test {
 protected:
  // Gradients of a step of two pictures.
  std::vector<float> Run(kernels::TrainBackend* backend, float scale,
                         int ohem_rois) {
    auto network = *TrainNetwork::Create(
        model::DeterministicWeights(config_, 3), TrainConfig(), backend);
    TrainConfig recipe;
    recipe.mutable_loss()->set_ohem_rois(ohem_rois);
    const std::vector<data::TrainSample> samples = {Sample(0), Sample(1)};
    std::vector<Sampler> samplers = {Sampler(1), Sampler(2)};
    StepOptions step;
    step.total_pictures = 2;
    step.gradient_scale = scale;
    const int64_t before = Waits(backend);
    const auto terms =
        TrainStep(config_, recipe, samples, absl::MakeSpan(samplers), step,
                  network.get(), backend);
    EXPECT_TRUE(terms.ok()) << terms.status();
    waited_ = Waits(backend) - before;
    terms_ = *terms;
    std::vector<float> host(static_cast<size_t>(network->num_values()));
    EXPECT_TRUE(
        network->math()
            ->Fetch(network->gradients(), network->num_values(), host.data())
            .ok());
    return host;
  }

  static int64_t Waits(kernels::TrainBackend* backend) {
    return backend->forward().name() == "emulated"
               ? kernels::EmulatedWaits(backend->forward())
               : 0;
  }

  const ModelConfig config_ = *Preset("parity_mini");
  int64_t waited_ = 0;
  LossTerms terms_;
};

// The proposals are made from two maps of each picture.
TEST_F(TrainStepTest, WaitsForTheProposalsOfEachPictureAndTheTerms) {
  const auto backend = kernels::MakeEmulatedTrainBackend(DType::kF32);
  for (const int ohem_rois : {0, 5}) {
    Run(backend.get(), 1, ohem_rois);
    EXPECT_EQ(waited_, 2 * 2 + 1);
    EXPECT_GT(terms_.sum(), 0);
  }
}

TEST_F(TrainStepTest, ScalesGradientsAndNoTerms) {
  constexpr float kScale = 1024;
  const auto backend = kernels::MakeTestTrainBackend("ref");
  const std::vector<float> plain = Run(backend.get(), 1, 0);
  const double loss = terms_.sum();
  std::vector<float> scaled = Run(backend.get(), kScale, 0);
  EXPECT_EQ(terms_.sum(), loss);
  for (float& g : scaled) g /= kScale;
  EXPECT_EQ(scaled, plain);
}

// No anchor fits into it: the head alone learns.
TEST_F(TrainStepTest, Case53ThinPicturesAreNoTrouble) {
  const auto backend = kernels::MakeTestTrainBackend("cpu");
  auto network = *TrainNetwork::Create(model::DeterministicWeights(config_, 3),
                                       TrainConfig(), backend.get());
  for (const auto& [height, width] : {std::pair(1, 200), std::pair(200, 1)}) {
    data::TrainSample sample;
    sample.prepared = kernels::RandomTensor("thin", {1, height, width, 3});
    sample.scale = 1;
    sample.instances.boxes = {
        {0, 0, static_cast<float>(width), static_cast<float>(height)}};
    sample.instances.labels = {1};
    sample.instances.masks = {std::vector<uint8_t>(height * width, 1)};
    std::vector<Sampler> samplers = {Sampler(1)};
    const auto terms =
        TrainStep(config_, TrainConfig(), {sample}, absl::MakeSpan(samplers),
                  StepOptions(), network.get(), backend.get());
    ASSERT_TRUE(terms.ok()) << terms.status();
    EXPECT_GT(terms->sum(), 0);
    EXPECT_LT(terms->sum(), 1e6);
  }
}

}  // namespace
}  // namespace fcis::train
