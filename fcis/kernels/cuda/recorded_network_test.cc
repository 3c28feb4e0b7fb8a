// On the emulated executor, where a recording keeps launches as closures.
#include "fcis/kernels/cuda/recorded_network.h"

#include <memory>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/cuda/emulated_executor.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

Tensor Input(float first, int64_t n) {
  Tensor x(Shape{n});
  for (int64_t i = 0; i < n; ++i) x.mutable_data<float>()[i] = first + i;
  return x;
}

// relu(x) + x and x rounded to bf16 and back, by way of memory that is given
// back and taken again.
class Network {
 public:
  explicit Network(EmulatedExecutor* executor) : run_(executor) {}

  absl::StatusOr<std::vector<Tensor>> operator()(const Tensor& x) {
    ++calls;
    if (lacks_memory) {
      lacks_memory = false;
      return absl::ResourceExhaustedError("network");
    }
    if (fails) return absl::InternalError("network");
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(x));
    const int64_t n = in.num_elements();
    ASSIGN_OR_RETURN(Tensor sum, Copy(in));
    RETURN_IF_ERROR(
        run_->Run(CombineBody<float>{Of(in), Of(in),
                                     static_cast<float*>(sum.mutable_raw())},
                  n));
    ASSIGN_OR_RETURN(Tensor narrow, run_->Allocate({n}, DType::kBF16));
    RETURN_IF_ERROR(run_->Run(
        ConvertBody<float, uint16_t>{
            Of(in), static_cast<uint16_t*>(narrow.mutable_raw())},
        n));
    ASSIGN_OR_RETURN(Tensor rounded, run_->Allocate({n}, DType::kF32));
    RETURN_IF_ERROR(run_->Run(
        ConvertBody<uint16_t, float>{
            static_cast<const uint16_t*>(narrow.raw()),
            static_cast<float*>(rounded.mutable_raw())},
        n));
    if (reads) RETURN_IF_ERROR(run_->ToHost(rounded).status());
    if (keeps) kept_ = narrow;
    return std::vector<Tensor>{sum, rounded};
  }

  int calls = 0;
  bool fails = false, reads = false, keeps = false;
  bool lacks_memory = false;  // once

 private:
  static const float* Of(const Tensor& t) {
    return static_cast<const float*>(t.raw());
  }
  // By way of a tensor that goes at the end.
  absl::StatusOr<Tensor> Copy(const Tensor& in) {
    ASSIGN_OR_RETURN(Tensor first, CopyOnce(in));
    return CopyOnce(first);
  }
  absl::StatusOr<Tensor> CopyOnce(const Tensor& in) {
    ASSIGN_OR_RETURN(Tensor out, run_->Allocate(in.shape(), DType::kF32));
    RETURN_IF_ERROR(
        run_->Run(FillBody{0, static_cast<float*>(out.mutable_raw())},
                  in.num_elements()));
    RETURN_IF_ERROR(
        run_->Run(CombineBody<float>{nullptr, Of(in),
                                     static_cast<float*>(out.mutable_raw())},
                  in.num_elements()));
    return out;
  }

  EmulatedExecutor* const run_;
  Tensor kept_;
};

class RecordedNetworkTest : public ::testing::Test {
 protected:
  RecordedNetworkTest() : network_(&executor_), plain_(&executor_) {}

  // Runs it, and expects what a plain run gives.
  void ExpectRight(const Tensor& x) {
    const auto got = recorded_.Run(x);
    ASSERT_TRUE(got.ok()) << got.status();
    ExpectSame(*got, x);
  }
  void ExpectSame(const std::vector<Tensor>& got, const Tensor& x) {
    const auto want = plain_(x);
    ASSERT_EQ(got.size(), want->size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(
          AllEqual(*executor_.ToHost(got[i]), *executor_.ToHost((*want)[i])))
          << i;
    }
  }
  // Whether this run only launches a recording.
  bool Repeats(const Tensor& x) {
    const int before = network_.calls;
    ExpectRight(x);
    return network_.calls == before;
  }

  EmulatedExecutor executor_;
  Network network_, plain_;
  RecordedNetwork<EmulatedExecutor> recorded_{
      [this](Tensor x) { return network_(x); }, &executor_};
};

TEST_F(RecordedNetworkTest, TheSecondCallRecords) {
  EXPECT_FALSE(Repeats(Input(-3.3f, 7)));
  EXPECT_EQ(network_.calls, 1);
  EXPECT_FALSE(Repeats(Input(1.7f, 7)));
  EXPECT_EQ(network_.calls, 3);  // the first takes memory, the second is kept
  for (const float first : {-7.77f, 0.f, 1e9f}) {
    EXPECT_TRUE(Repeats(Input(first, 7)));
  }
}

TEST_F(RecordedNetworkTest, ARepeatWaitsForNothing) {
  for (int i = 0; i < 4; ++i) {
    const int64_t before = executor_.waits();
    ASSERT_TRUE(recorded_.Run(Input(i, 5)).ok());
    EXPECT_EQ(executor_.waits(), before) << i;
  }
}

TEST_F(RecordedNetworkTest, ShapesAreRecordedEachForItself) {
  for (int i = 0; i < 2; ++i) {
    ExpectRight(Input(i, 4));
    ExpectRight(Input(i, 9));
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Repeats(Input(-i, 4)));
    EXPECT_TRUE(Repeats(Input(-i, 9)));
  }
  EXPECT_FALSE(Repeats(Input(0, 4).Reshaped({2, 2})));
}

TEST_F(RecordedNetworkTest, TheLatestRecordingsAreKept) {
  const int n = kKeptRecordings;
  for (int size = 1; size <= n; ++size) {
    ExpectRight(Input(0, size));
    ExpectRight(Input(0, size));
  }
  EXPECT_TRUE(Repeats(Input(1, 1)));  // so that 2 is the oldest
  ExpectRight(Input(0, n + 1));
  ExpectRight(Input(0, n + 1));
  EXPECT_TRUE(Repeats(Input(1, n + 1)));
  for (int size = 3; size <= n; ++size) EXPECT_TRUE(Repeats(Input(1, size)));
  EXPECT_TRUE(Repeats(Input(2, 1)));
  // As if it had never been seen: recorded the second time again.
  EXPECT_FALSE(Repeats(Input(1, 2)));
  EXPECT_FALSE(Repeats(Input(1, 2)));
  EXPECT_TRUE(Repeats(Input(1, 2)));
}

TEST_F(RecordedNetworkTest, AShapeSeenLongAgoIsNew) {
  ExpectRight(Input(0, 1));
  for (size_t size = 2; size < 2 + kRememberedShapes; ++size) {
    ExpectRight(Input(0, size));
  }
  EXPECT_FALSE(Repeats(Input(0, 1)));
  EXPECT_FALSE(Repeats(Input(0, 1)));
  EXPECT_TRUE(Repeats(Input(0, 1)));
}

TEST_F(RecordedNetworkTest, HeldResultsStay) {
  for (int i = 0; i < 2; ++i) ExpectRight(Input(i, 6));
  const Tensor x = Input(-2.5f, 6);
  auto held = *recorded_.Run(x);
  EXPECT_FALSE(Repeats(Input(5, 6)));
  ExpectSame(held, x);
  held.erase(held.begin());
  EXPECT_FALSE(Repeats(Input(6, 6)));  // one of them is enough
  held.clear();
  EXPECT_TRUE(Repeats(Input(7, 6)));
}

TEST_F(RecordedNetworkTest, ResultsOutliveTheirRecording) {
  std::vector<Tensor> held;
  const Tensor x = Input(-1, 3);
  {
    RecordedNetwork<EmulatedExecutor> gone(
        [this](Tensor x) { return network_(x); }, &executor_);
    for (int i = 0; i < 3; ++i) held = *gone.Run(x);
  }
  ExpectSame(held, x);
}

TEST_F(RecordedNetworkTest, ANetworkThatReadsIsRunPlainly) {
  network_.reads = true;
  ExpectRight(Input(0, 3));
  ExpectRight(Input(1, 3));
  EXPECT_EQ(network_.calls, 4);  // two of them for a recording that fails
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Repeats(Input(i, 3)));
  EXPECT_EQ(network_.calls, 7);  // no other try
}

TEST_F(RecordedNetworkTest, ANetworkThatKeepsMemoryIsRunPlainly) {
  network_.keeps = true;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(Repeats(Input(i, 3)));
  EXPECT_EQ(network_.calls, 5);
}

TEST_F(RecordedNetworkTest, ErrorsAreTheNetworks) {
  ExpectRight(Input(0, 3));
  network_.fails = true;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(recorded_.Run(Input(0, 3)).status().message(), "network");
  }
  network_.fails = false;
  ExpectRight(Input(0, 3));
}

TEST_F(RecordedNetworkTest, RecordingsGiveWayToAPlainRun) {
  for (int i = 0; i < 2; ++i) ExpectRight(Input(i, 3));
  EXPECT_TRUE(Repeats(Input(0, 3)));
  network_.lacks_memory = true;
  ExpectRight(Input(0, 8));
  EXPECT_FALSE(Repeats(Input(0, 3)));
}

TEST_F(RecordedNetworkTest, ARecordingWithoutMemoryIsNone) {
  ExpectRight(Input(0, 3));
  network_.lacks_memory = true;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Repeats(Input(0, 3)));
}

TEST_F(RecordedNetworkTest, WhatIsOnTheDeviceIsRunPlainly) {
  const Tensor x = *executor_.ToDevice(Input(0, 3));
  for (int i = 0; i < 3; ++i) {
    const int before = network_.calls;
    ASSERT_TRUE(recorded_.Run(x).ok());
    EXPECT_EQ(network_.calls, before + 1);
  }
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
