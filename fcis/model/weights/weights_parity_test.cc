// Names, shapes and the deterministic formula against weights.npz.
#include <cmath>
#include <vector>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

class WeightsParity : public ::testing::TestWithParam<const char*> {};

TEST_P(WeightsParity, EveryTensor) {
  const GoldenFile golden("weights.npz");
  const std::string net = GetParam();
  const std::vector<std::string> names = golden.Lines(net + "_names");
  const std::vector<int> shapes = golden.Ints(net + "_shapes");
  const std::vector<float> first4 = golden.Floats(net + "_first4");
  const std::vector<float> last = golden.Floats(net + "_last");
  const Tensor sums = golden.Get(net + "_sum_f64");
  const Tensor squares = golden.Get(net + "_sumsq_f64");

  const Weights weights =
      DeterministicWeights(*Preset("parity_" + net), golden.Int("seed"));
  ASSERT_EQ(weights.tensors.size(), names.size());
  ASSERT_TRUE(CheckWeights(weights).ok());
  size_t i = 0;
  for (const auto& [name, tensor] : weights.tensors) {
    ASSERT_EQ(name, names[i]);
    for (int k = 0; k < tensor.shape().rank(); ++k) {
      EXPECT_EQ(tensor.dim(k), shapes[4 * i + k]) << name;
    }
    const absl::Span<const float> values = tensor.span<float>();
    for (int k = 0; k < 4; ++k) EXPECT_EQ(values[k], first4[4 * i + k]) << name;
    EXPECT_EQ(values.back(), last[i]) << name;
    double sum = 0, square = 0, magnitude = 0;
    for (const double v : values) {
      sum += v;
      square += v * v;
      magnitude += std::abs(v);
    }
    EXPECT_NEAR(sum, sums.data<double>()[i], 1e-9 * magnitude) << name;
    EXPECT_NEAR(square, squares.data<double>()[i], 1e-9 * magnitude) << name;
    ++i;
  }
}

INSTANTIATE_TEST_SUITE_P(Nets, WeightsParity,
                         ::testing::Values("small", "mini"));

TEST(CounterRngParity, KeysBitsAndNumbers) {
  const GoldenFile golden("weights.npz");
  const std::vector<std::string> names = golden.Lines("fnv_names");
  const Tensor fnv = golden.Get("fnv_u64");
  const Tensor keys = golden.Get("key_u64");
  const Tensor raw = golden.Get("raw_u64");
  const Tensor symmetric = golden.Get("sym24");
  const uint64_t seed = golden.Int("seed");
  ASSERT_FALSE(names.empty());
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(Fnv1a64(names[i]), fnv.data<uint64_t>()[i]);
    const uint64_t key = RngKey(names[i], seed);
    EXPECT_EQ(key, keys.data<uint64_t>()[i]);
    for (int k = 0; k < 4; ++k) {
      EXPECT_EQ(RngBits(key, k), raw.data<uint64_t>()[4 * i + k]);
      EXPECT_EQ(RngSymmetric(key, k), symmetric.data<float>()[4 * i + k]);
    }
  }
  const Tensor in = golden.Get("mix_in_u64");
  const Tensor out = golden.Get("mix_out_u64");
  for (int64_t i = 0; i < in.num_elements(); ++i) {
    EXPECT_EQ(Mix64(in.data<uint64_t>()[i]), out.data<uint64_t>()[i]);
  }
}

}  // namespace
}  // namespace fcis::model
