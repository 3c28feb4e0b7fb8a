// The network in 8 bits (in floats the fixtures show it), and what it makes
// ready.
#include "fcis/model/network.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/quantize.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

Tensor Picture() {
  Tensor picture = kernels::RandomTensor("x", {1, 64, 80, 3});
  for (float& v : picture.mutable_span<float>()) v *= 120;
  return picture;
}

// All layers but those named in 8 bits.
Weights Quantized(const std::vector<std::string>& floats) {
  const auto ref = kernels::MakeRefBackend(DType::kF32, /*int8=*/true);
  QuantizeOptions options;
  options.max_loss = 1e9;
  Weights weights = Quantize(
                        DeterministicWeights(*Preset("parity_mini"), 5),
                        options, [](int) { return Picture(); }, ref.get())
                        ->weights;
  for (const std::string& name : floats) {
    EXPECT_EQ(weights.int8.kernels.erase(name), 1u);
  }
  return weights;
}

std::vector<Tensor> Outputs(const Weights& weights, kernels::Backend* backend) {
  const Topology topology = TopologyOf(weights.config);
  const auto network =
      Network::Create(topology, topology.outputs, weights, backend);
  EXPECT_TRUE(network.ok()) << network.status();
  const auto maps = network->Run(Picture(), nullptr);
  EXPECT_TRUE(maps.ok()) << maps.status();
  return *maps;
}

// Of the map that differs most: root mean squares of differences and of values.
double Difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double most = 0;
  for (size_t m = 0; m < a.size(); ++m) {
    const Tensor x = kernels::AsF32(a[m]), y = kernels::AsF32(b[m]);
    double difference = 0, power = 0;
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const double want = y.data<float>()[i], d = x.data<float>()[i] - want;
      difference += d * d;
      power += want * want;
    }
    most = std::max(most, std::sqrt(difference / power));
  }
  return most;
}

// What a convolution is told to expect, and what comes.
struct Calls {
  std::string expected, forwarded;
};

std::string CallOf(const Shape& x, const Shape& y, DType type, bool residual) {
  return absl::StrCat(x.ToString(), " ", y.ToString(), " ", DTypeName(type),
                      residual ? " residual" : "");
}

class RecordingConv : public kernels::Convolution {
 public:
  RecordingConv(const kernels::ConvParams& params, const Shape& weight,
                Calls* calls)
      : Convolution(params, weight), calls_(calls) {}

  absl::Status Expect(const Shape& x, const kernels::RowPads&, const Shape& y,
                      DType type, bool residual) override {
    absl::StrAppend(&calls_->expected, CallOf(x, y, type, residual), "\n");
    return absl::OkStatus();
  }
  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override {
    absl::StrAppend(&calls_->forwarded,
                    CallOf(x.shape(), y->shape(), y->type(),
                           residual != nullptr && residual->raw() == y->raw()),
                    "\n");
    return absl::OkStatus();
  }

 private:
  Calls* const calls_;
};

// Computes nothing.
class RecordingBackend : public kernels::Backend {
 public:
  absl::string_view name() const override { return "recording"; }
  DType activation_type() const override { return DType::kBF16; }
  bool concurrent() const override { return true; }
  absl::StatusOr<std::unique_ptr<kernels::Convolution>> PrepareConv(
      const kernels::ConvParams& params, const Tensor& weight,
      const Tensor&) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls_.push_back(std::make_unique<Calls>());
    return std::make_unique<RecordingConv>(params, weight.shape(),
                                           calls_.back().get());
  }
  absl::Status MaxPool(const kernels::MaxPoolParams&, const Tensor&,
                       Tensor*) override {
    return absl::OkStatus();
  }
  absl::Status Psroi(kernels::PsroiForm, const kernels::PsroiParams&,
                     const Tensor&, const Tensor&, const Tensor&,
                     Tensor*) override {
    return absl::UnimplementedError("");
  }
  absl::Status Softmax(const Tensor&, Tensor*) override {
    return absl::UnimplementedError("");
  }
  absl::Status InsideProbabilities(const Tensor&, Tensor*) override {
    return absl::UnimplementedError("");
  }
  absl::Status RefineBoxes(const kernels::RefineParams&, const Tensor&,
                           const Tensor&, Tensor*) override {
    return absl::UnimplementedError("");
  }

  const std::vector<std::unique_ptr<Calls>>& calls() const { return calls_; }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Calls>> calls_;
};

// Each size once, before its first pass; else the pass would prepare what has
// been prepared, but for other maps.
TEST(Network, LayersExpectWhatComes) {
  const Weights weights = DeterministicWeights(*Preset("parity_mini"), 5);
  const Topology topology = TopologyOf(weights.config);
  RecordingBackend backend;
  SetNumThreads(2);
  const auto network =
      *Network::Create(topology, topology.outputs, weights, &backend);
  ASSERT_EQ(backend.calls().size(), topology.layers.size());
  for (const int64_t width : {80, 96}) {
    for (const auto& calls : backend.calls()) *calls = Calls();
    const Tensor picture = kernels::RandomTensor("x", {1, 64, width, 3});
    ASSERT_TRUE(network.Run(picture, nullptr).ok());
    for (const auto& calls : backend.calls()) {
      EXPECT_EQ(calls->expected, calls->forwarded);
      EXPECT_NE(calls->expected, "");
      calls->expected.clear();
    }
    ASSERT_TRUE(network.Run(picture, nullptr).ok());
    for (const auto& calls : backend.calls()) EXPECT_EQ(calls->expected, "");
  }
  SetNumThreads(0);
}

// In floats and, where there is a code for a map, from and to 8 bits.
TEST(Network, SameBitsByRowsAsByMaps) {
  Weights weights = DeterministicWeights(*Preset("photos"), 5);
  // Of 128 channels at a quarter of the size, beyond the caches there are.
  const Tensor picture = kernels::RandomTensor("x", {1, 528, 784, 3});
  const StageObserver nothing = [](const auto&...) {};
  for (const auto precision :
       {kernels::Precision::kF32, kernels::Precision::kBF16,
        kernels::Precision::kInt8}) {
    if (precision == kernels::Precision::kInt8) {
      const auto ref = kernels::MakeRefBackend(DType::kF32, /*int8=*/true);
      QuantizeOptions options;
      options.max_loss = 1e9;
      weights = Quantize(
                    weights, options, [](int) { return Picture(); }, ref.get())
                    ->weights;
      weights.int8.kernels.erase("extractor/res2/res2_b1/conv3");
      weights.int8.kernels.erase("extractor/res2/res2_b2/conv1");
    }
    const auto cpu = kernels::MakeBackend("cpu", precision);
    if (!cpu.ok()) continue;
    const Topology topology = TopologyOf(weights.config);
    const auto network =
        *Network::Create(topology, topology.outputs, weights, cpu->get());
    for (const int threads : {1, 2}) {
      SetNumThreads(threads);
      if (threads == 1) {
        EXPECT_GE(network.LayersByRows(picture.shape()), 11u);
      }
      const auto whole = *network.Run(picture, nothing);
      const auto rows = *network.Run(picture, nullptr);
      for (size_t i = 0; i < whole.size(); ++i) {
        ASSERT_EQ(whole[i].num_bytes(), rows[i].num_bytes());
        EXPECT_EQ(
            std::memcmp(whole[i].raw(), rows[i].raw(), whole[i].num_bytes()), 0)
            << (*cpu)->precision() << " output " << i;
      }
    }
  }
  SetNumThreads(0);
}

// Quantising changes outputs, and by little only; oneDNN and the plain loops
// differ by single steps of maps.
TEST(Network, In8BitsIsNearTheFloats) {
  for (const auto& floats :
       {std::vector<std::string>(),
        std::vector<std::string>{"extractor/res1/conv1",
                                 "extractor/res3/res3_a/conv3", "rpn/conv1"}}) {
    const Weights weights = Quantized(floats);
    ASSERT_TRUE(CheckWeights(weights).ok()) << CheckWeights(weights);
    const auto plain = kernels::MakeRefBackend(DType::kF32);
    const auto ref = kernels::MakeRefBackend(DType::kF32, /*int8=*/true);
    EXPECT_EQ(PrecisionOf(weights, *plain), "f32");
    EXPECT_EQ(PrecisionOf(weights, *ref), "int8");
    const std::vector<Tensor> want = Outputs(weights, plain.get());
    const std::vector<Tensor> got = Outputs(weights, ref.get());
    EXPECT_GT(Difference(got, want), 1e-4);
    EXPECT_LT(Difference(got, want), 0.1);
    const auto cpu = kernels::MakeBackend("cpu", kernels::Precision::kInt8);
    if (!cpu.ok()) continue;  // without VNNI
    // A step, 1/255 of a map's largest value, is some percent of its size, and
    // the layers in floats may be bf16 there.
    EXPECT_LT(Difference(Outputs(weights, cpu->get()), got), 0.03);
  }
}

TEST(Network, OtherPrecisionsTakeTheFloats) {
  const Weights weights = Quantized({});
  Weights floats = weights;
  floats.int8 = Quantization();
  for (const auto precision :
       {kernels::Precision::kF32, kernels::Precision::kBF16}) {
    const auto cpu = kernels::MakeBackend("cpu", precision);
    if (!cpu.ok()) continue;
    EXPECT_NE(PrecisionOf(weights, **cpu), "int8");
    EXPECT_EQ(
        Difference(Outputs(weights, cpu->get()), Outputs(floats, cpu->get())),
        0);
  }
}

// A norm's negative factor turns the elements' signs, one of 0 leaves the bias.
TEST(Network, FoldsNormsInto8Bits) {
  Weights weights = Quantized({});
  float* const gamma = weights.tensors.at("extractor/res2/res2_a/bn1/gamma")
                           .mutable_data<float>();
  gamma[0] = -gamma[0];
  gamma[1] = 0;
  const auto plain = kernels::MakeRefBackend(DType::kF32);
  const auto ref = kernels::MakeRefBackend(DType::kF32, /*int8=*/true);
  EXPECT_LT(
      Difference(Outputs(weights, ref.get()), Outputs(weights, plain.get())),
      0.2);
}

}  // namespace
}  // namespace fcis::model
