// What only a GPU can show: that copies go where they should, at any size, and
// that what was copied may change at once.
#include "fcis/kernels/cuda/cuda_device.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

class CudaDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = CudaDevice::Create();
    if (!made.ok()) GTEST_SKIP() << made.status();
    device_ = std::move(*made);
  }

  static Tensor Keys(int seed, int64_t n) {
    Tensor keys(Shape{n}, DType::kU64);
    for (int64_t i = 0; i < n; ++i) {
      keys.mutable_data<uint64_t>()[i] = RngBits(RngKey("keys", seed), i);
    }
    return keys;
  }

  std::unique_ptr<CudaDevice> device_;
};

TEST_F(CudaDeviceTest, CopiesOfAnySize) {
  for (const int64_t n : {1, 511, 513, 1 << 21, (1 << 21) + 1, 7 << 20}) {
    const Tensor keys = Keys(0, n);
    const Tensor back = *device_->ToHost(*device_->ToDevice(keys));
    EXPECT_TRUE(AllEqual(back, keys)) << n;
  }
}

TEST_F(CudaDeviceTest, WhatWasWrittenMayChangeAtOnce) {
  constexpr int kCopies = 300;
  constexpr int64_t kValues = 1 << 16;
  Tensor host(Shape{kValues});
  std::vector<Tensor> copies;
  for (int i = 0; i < kCopies; ++i) {
    const absl::Span<float> values = host.mutable_span<float>();
    std::fill(values.begin(), values.end(), static_cast<float>(i));
    copies.push_back(*device_->ToDevice(host));
  }
  for (int i = 0; i < kCopies; ++i) {
    const Tensor back = *device_->ToHost(copies[i]);
    const absl::Span<const float> values = back.span<float>();
    EXPECT_EQ(std::count(values.begin(), values.end(), static_cast<float>(i)),
              kValues);
  }
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
