// The network in 8 bits; in floats the fixtures show it.
#include "fcis/model/network.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
    EXPECT_LT(Difference(Outputs(weights, cpu->get()), got), 0.02);
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
