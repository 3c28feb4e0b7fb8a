// What only a GPU can show: that copies go where they should without being
// waited for, and that what was recorded repeats itself.
#include "fcis/kernels/cuda/cuda_executor.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/cuda/recorded_network.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

class CudaExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = CudaExecutor::Create();
    if (!made.ok()) GTEST_SKIP() << made.status();
    executor_ = std::move(*made);
  }

  static Tensor Keys(int seed, int64_t n) {
    Tensor keys(Shape{n}, DType::kU64);
    for (int64_t i = 0; i < n; ++i) {
      keys.mutable_data<uint64_t>()[i] = RngBits(RngKey("keys", seed), i);
    }
    return keys;
  }

  std::unique_ptr<CudaExecutor> executor_;
};

// From less than a block of page-locked memory to several of the largest.
TEST_F(CudaExecutorTest, CopiesOfAnySize) {
  for (const int64_t n : {1, 511, 513, 1 << 21, (1 << 21) + 1, 7 << 20}) {
    const Tensor keys = Keys(0, n);
    const Tensor back = *executor_->ToHost(*executor_->ToDevice(keys));
    EXPECT_TRUE(AllEqual(back, keys)) << n;
  }
}

// More at once than there is page-locked memory for.
TEST_F(CudaExecutorTest, WhatWasWrittenMayChangeAtOnce) {
  constexpr int kCopies = 300;
  constexpr int64_t kValues = 1 << 16;
  Tensor host(Shape{kValues});
  std::vector<Tensor> copies;
  for (int i = 0; i < kCopies; ++i) {
    const absl::Span<float> values = host.mutable_span<float>();
    std::fill(values.begin(), values.end(), static_cast<float>(i));
    copies.push_back(*executor_->ToDevice(host));
  }
  for (int i = 0; i < kCopies; ++i) {
    const Tensor back = *executor_->ToHost(copies[i]);
    const absl::Span<const float> values = back.span<float>();
    EXPECT_EQ(std::count(values.begin(), values.end(), static_cast<float>(i)),
              kValues);
  }
}

TEST_F(CudaExecutorTest, ARecordingSortsWhatComes) {
  int calls = 0;
  RecordedNetwork<CudaExecutor> sorted(
      [&](Tensor x) -> absl::StatusOr<std::vector<Tensor>> {
        ++calls;
        ASSIGN_OR_RETURN(const Tensor in, executor_->ToDevice(x));
        ASSIGN_OR_RETURN(const Tensor y, executor_->SortedDescending(in));
        return std::vector<Tensor>{y};
      },
      executor_.get());
  for (int i = 0; i < 5; ++i) {
    const Tensor x = Keys(i, 10000);
    const auto got = sorted.Run(x);
    ASSERT_TRUE(got.ok()) << got.status();
    std::vector<uint64_t> want(x.span<uint64_t>().begin(),
                               x.span<uint64_t>().end());
    std::sort(want.begin(), want.end(), std::greater<uint64_t>());
    const Tensor back = *executor_->ToHost((*got)[0]);
    EXPECT_EQ(std::vector<uint64_t>(back.span<uint64_t>().begin(),
                                    back.span<uint64_t>().end()),
              want);
  }
  EXPECT_EQ(calls, 3);
}

TEST_F(CudaExecutorTest, CopiesAreNotRecorded) {
  RecordedNetwork<CudaExecutor> reads(
      [&](Tensor x) -> absl::StatusOr<std::vector<Tensor>> {
        ASSIGN_OR_RETURN(const Tensor on_device, executor_->ToDevice(x));
        ASSIGN_OR_RETURN(const Tensor host, executor_->ToHost(on_device));
        return std::vector<Tensor>{host};
      },
      executor_.get());
  for (int i = 0; i < 4; ++i) {
    const Tensor x = Keys(i, 100);
    const auto got = reads.Run(x);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_TRUE(AllEqual((*got)[0], x));
  }
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
