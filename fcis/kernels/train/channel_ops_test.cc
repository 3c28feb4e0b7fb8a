// ChannelSums and Affine: backends against ref, and that threads change
// nothing.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Channels in whole blocks and not; pixels of one piece and of several.
const Shape kShapes[] = {{1, 7, 9, 16}, {2, 40, 31, 24}, {3, 5, 4, 64},
                         {2, 6, 7, 3},  {1, 33, 70, 33}, {1, 90, 100, 32}};

struct Tested {
  std::string name;
  DType type;
};
std::vector<Tested> AllTested() {
  std::vector<Tested> all;
  for (const std::string& name : TrainBackendNames()) {
    all.push_back({name, DType::kF32});
    if (name == "ref") continue;
    all.push_back({name, DType::kBF16});
    all.push_back({name, DType::kF16});
  }
  return all;
}

class ChannelOpsTest : public ::testing::TestWithParam<Shape> {
 protected:
  struct Sums {
    std::vector<double> sum, product;
  };
  Sums SumsOf(TrainBackend* backend, DType type) {
    const int64_t channels = GetParam().dim(3);
    Sums s = {std::vector<double>(channels, 7),
              std::vector<double>(channels, 7)};  // are overwritten
    const Tensor a = *backend->ToOwnLayout(RandomTensor("a", GetParam(), type));
    const Tensor b = *backend->ToOwnLayout(RandomTensor("b", GetParam(), type));
    EXPECT_TRUE(
        backend->ChannelSums(a, b, s.sum.data(), s.product.data()).ok());
    return s;
  }

  Tensor AffineOf(TrainBackend* backend, DType type, bool other, bool scaled,
                  bool relu) {
    const Shape channels = {GetParam().dim(3)};
    const Tensor mean = RandomTensor("mean", channels);
    const Tensor scale = RandomTensor("scale", channels);
    const Tensor shift = RandomTensor("shift", channels);
    const Tensor other_scale = RandomTensor("other scale", channels);
    ChannelAffine affine;
    affine.mean = mean.span<float>();
    affine.scale = scale.span<float>();
    affine.shift = shift.span<float>();
    if (scaled) affine.other_scale = other_scale.span<float>();
    affine.relu = relu;
    const Tensor x = *backend->ToOwnLayout(RandomTensor("x", GetParam(), type));
    const Tensor o = *backend->ToOwnLayout(RandomTensor("o", GetParam(), type));
    return *backend->forward().ToHost(*backend->forward().Convert(
        *backend->Affine(affine, x, other ? &o : nullptr), DType::kF32,
        Layout::kRowMajor));
  }
};

TEST_P(ChannelOpsTest, SumsLikeRef) {
  const auto ref = MakeTestTrainBackend("ref");
  for (const auto& [name, type] : AllTested()) {
    SCOPED_TRACE(name);
    const auto tested = MakeTestTrainBackend(name, type);
    if (tested == nullptr) continue;  // not on this device
    const Sums got = SumsOf(tested.get(), type);
    const int64_t channels = GetParam().dim(3);
    Sums want = {std::vector<double>(channels), std::vector<double>(channels)};
    const Tensor a = AsF32(RandomTensor("a", GetParam(), type));
    const Tensor b = AsF32(RandomTensor("b", GetParam(), type));
    ASSERT_TRUE(ref->ChannelSums(*ref->ToOwnLayout(a), *ref->ToOwnLayout(b),
                                 want.sum.data(), want.product.data())
                    .ok());
    for (int64_t c = 0; c < channels; ++c) {
      // Another order of additions of values of at most 1, in double.
      EXPECT_NEAR(got.sum[c], want.sum[c], 1e-10) << c;
      EXPECT_NEAR(got.product[c], want.product[c], 1e-10) << c;
    }
  }
}

TEST_P(ChannelOpsTest, AffineLikeRef) {
  const auto ref = MakeTestTrainBackend("ref");
  for (const auto& [name, type] : AllTested()) {
    SCOPED_TRACE(name);
    const auto tested = MakeTestTrainBackend(name, type);
    if (tested == nullptr) continue;  // not on this device
    // 16 bits: x and o, below 1, are rounded, and multiplied by at most 1; y,
    // below 4, is rounded.
    const double limit = type == DType::kF32 ? 1e-6 : 6 * UnitRoundoff(type);
    for (const int flags : {0, 1, 2, 3, 6, 7}) {
      const bool relu = flags & 1, other = flags & 2, scaled = flags & 4;
      const Tensor want = AffineOf(ref.get(), DType::kF32, other, scaled, relu);
      EXPECT_TRUE(AllNear(AffineOf(tested.get(), type, other, scaled, relu),
                          want, limit))
          << flags;
    }
  }
}

TEST_P(ChannelOpsTest, ThreadsChangeNothing) {
  const auto cpu = MakeTestTrainBackend("cpu");
  SetNumThreads(1);
  const Sums one = SumsOf(cpu.get(), DType::kF32);
  const Tensor affine = AffineOf(cpu.get(), DType::kF32, true, true, true);
  SetNumThreads(3);
  const Sums three = SumsOf(cpu.get(), DType::kF32);
  EXPECT_EQ(one.sum, three.sum);
  EXPECT_EQ(one.product, three.product);
  EXPECT_TRUE(
      AllEqual(AffineOf(cpu.get(), DType::kF32, true, true, true), affine));
  SetNumThreads(0);
}

// A convolution after it reads whole blocks.
TEST(ChannelOpsPaddingTest, StaysZero) {
  const auto cpu = MakeTestTrainBackend("cpu");
  const Shape shape = {1, 6, 5, 24};
  const std::vector<float> ones(24, 1.0f);
  ChannelAffine affine;
  affine.mean = affine.scale = affine.shift = ones;
  const Tensor x = *cpu->ToOwnLayout(Tensor::Zeros(shape));
  const Tensor y = *cpu->Affine(affine, x, &x);
  std::vector<float> all(y.num_bytes() / sizeof(float));
  std::copy_n(static_cast<const float*>(y.raw()), all.size(), all.begin());
  // 1 * (0 - 1) + 1 = 0 in every channel, so that anything else is padding's.
  EXPECT_EQ(
      std::count_if(all.begin(), all.end(), [](float v) { return v != 0; }), 0);
  const std::vector<float> twos(24, 2.0f);
  affine.shift = twos;
  const Tensor z = *cpu->Affine(affine, x, nullptr);
  const auto* values = static_cast<const float*>(z.raw());
  EXPECT_EQ(std::count_if(values, values + all.size(),
                          [](float v) { return v != 0; }),
            shape.num_elements());
}

INSTANTIATE_TEST_SUITE_P(Shapes, ChannelOpsTest, ::testing::ValuesIn(kShapes),
                         [](const auto& info) {
                           return absl::StrCat("channels", info.param.dim(3));
                         });

}  // namespace
}  // namespace fcis::kernels
