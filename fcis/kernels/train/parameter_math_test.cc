#include "fcis/kernels/train/parameter_math.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/testing/fake_communicator.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Sizes that fill no block and no chunk evenly.
constexpr int64_t kSizes[] = {1, 255, 257, 40000};

// An array of the math's, with random values.
class Array {
 public:
  Array(ParameterMath* math, const std::string& name, int64_t n,
        bool positive = false)
      : math_(math), tensor_(*math->Zeros(n)) {
    Tensor host = RandomTensor(name, {n});
    for (float& v : host.mutable_span<float>()) {
      if (positive) v = std::fabs(v);
    }
    EXPECT_TRUE(math->Put(host.data<float>(), n, data()).ok());
  }

  float* data() { return Floats(&tensor_); }
  Tensor Fetched() {
    Tensor host(tensor_.shape());
    EXPECT_TRUE(
        math_->Fetch(data(), host.num_elements(), host.mutable_data<float>())
            .ok());
    return host;
  }

 private:
  ParameterMath* math_;
  Tensor tensor_;
};

// 5 outputs where n allows.
OutputFactors Factors(int64_t n, bool factored) {
  if (!factored || n % 5 != 0) return OutputFactors(n);
  const Tensor factors = RandomTensor("factors", {5});
  return OutputFactors::OutputsFirst(n, 5, factors.span<float>());
}

class ParameterMathTest : public ::testing::TestWithParam<std::string> {
 protected:
  const std::unique_ptr<TrainBackend> backend_ =
      MakeTestTrainBackend(GetParam(), DType::kF32);
  const std::unique_ptr<TrainBackend> host_ =
      MakeTestTrainBackend("ref", DType::kF32);
};

TEST_P(ParameterMathTest, BeginsWithZeros) {
  ParameterMath& math = backend_->parameters();
  for (const int64_t n : kSizes) {
    Tensor zeros = *math.Zeros(n);
    Tensor host(Shape{n});
    ASSERT_TRUE(math.Fetch(Floats(&zeros), n, host.mutable_data<float>()).ok());
    EXPECT_TRUE(AllEqual(host, Tensor::Zeros({n})));
  }
}

TEST_P(ParameterMathTest, Adds) {
  ParameterMath& math = backend_->parameters();
  Array a(&math, "a", 257), b(&math, "b", 257);
  const Tensor x = a.Fetched(), y = b.Fetched();
  ASSERT_TRUE(math.Add(a.data(), b.data(), 257, a.data()).ok());
  const Tensor sum = a.Fetched();
  for (int64_t i = 0; i < 257; ++i) {
    EXPECT_EQ(sum.data<float>()[i], x.data<float>()[i] + y.data<float>()[i]);
  }
}

// Sums of at most 40000 squares in double, in another order.
TEST_P(ParameterMathTest, SumsSquares) {
  const auto norm = [](ParameterMath* math, bool spoiled) {
    std::vector<std::unique_ptr<Array>> arrays;
    std::vector<std::unique_ptr<OutputFactors>> factors;
    std::vector<ParameterFactors> prepared;
    for (const int64_t n : kSizes) {
      arrays.push_back(std::make_unique<Array>(math, "g", n));
      factors.push_back(std::make_unique<OutputFactors>(Factors(n, true)));
      prepared.push_back(*math->Prepare(factors.back().get()));
    }
    if (spoiled) {
      const float infinity = std::numeric_limits<float>::infinity();
      EXPECT_TRUE(math->Put(&infinity, 1, arrays.back()->data() + 39999).ok());
    }
    std::vector<GradientView> views;
    for (size_t i = 0; i < arrays.size(); ++i) {
      views.push_back({&prepared[i], arrays[i]->data()});
    }
    return *math->SquaredNorm(views);
  };
  const double want = norm(&host_->parameters(), false);
  EXPECT_NEAR(norm(&backend_->parameters(), false), want, 1e-12 * want);
  EXPECT_FALSE(std::isfinite(norm(&backend_->parameters(), true)));
}

// The formulas are shared functions and round alike everywhere.
TEST_P(ParameterMathTest, UpdatesLikeTheHost) {
  for (const int64_t n : kSizes) {
    for (const bool adam : {false, true}) {
      for (const bool averaged : {false, true}) {
        std::vector<std::vector<Tensor>> results;
        for (TrainBackend* backend : {host_.get(), backend_.get()}) {
          ParameterMath& math = backend->parameters();
          const OutputFactors factors = Factors(n, adam);
          const ParameterFactors prepared = *math.Prepare(&factors);
          Array g(&math, "g", n), w(&math, "w", n), m(&math, "m", n),
              v(&math, "v", n, true), e(&math, "e", n);
          UpdateArrays arrays;
          arrays.factors = &prepared;
          arrays.clip = 0.7f;
          arrays.gradient = g.data();
          arrays.value = w.data();
          arrays.first = m.data();
          arrays.second = v.data();
          arrays.average = averaged ? e.data() : nullptr;
          arrays.average_decay = 0.9f;
          const AdamWParams a = {1e-3f, 0.9f, 0.999f, 1e-8f, 0.1f};
          const SgdParams sgd = {5e-4f, 0.9f, 5e-4f};
          ASSERT_TRUE(
              (adam ? math.AdamW(a, arrays) : math.Sgd(sgd, arrays)).ok());
          results.push_back(
              {w.Fetched(), m.Fetched(), v.Fetched(), e.Fetched()});
        }
        for (size_t i = 0; i < results[0].size(); ++i) {
          EXPECT_TRUE(AllEqual(results[1][i], results[0][i]))
              << "array " << i << " of " << n << (adam ? " AdamW" : " SGD");
        }
      }
    }
  }
}

// A job of two processes that have the same values: sums are doubles, and not
// there before Finish.
class TwinSums : public AllReduce {
 public:
  absl::Status Start(void* values, int64_t n) override {
    under_way_.push_back(absl::MakeSpan(static_cast<float*>(values), n));
    return absl::OkStatus();
  }
  absl::Status Progress() override { return absl::OkStatus(); }
  absl::Status Finish() override {
    for (const absl::Span<float> values : under_way_) {
      for (float& v : values) v *= 2;
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  std::vector<absl::Span<float>> under_way_;
};

class TwinCommunicator : public FakeCommunicator {
 public:
  TwinCommunicator() : FakeCommunicator(0, 2) {}
  absl::StatusOr<int> Sum(int value) override { return 2 * value; }
  absl::Status Sum(absl::Span<double>) override {
    return absl::UnimplementedError("Sum");
  }
  std::unique_ptr<AllReduce> MakeAllReduce() override {
    return std::make_unique<TwinSums>();
  }
};

TEST_P(ParameterMathTest, SumsOverProcesses) {
  ParameterMath& math = backend_->parameters();
  // NCCL wants a GPU per process; //fcis/kernels/cuda:nccl_sums_test has it.
  if (GetParam() == "cuda") GTEST_SKIP() << "no second process";
  TwinCommunicator twins;
  const auto sums = *math.SumsOver(&twins, SumType::kF32);
  Array a(&math, "a", 1000);
  const Tensor before = a.Fetched();
  for (int times = 2; times <= 4; times *= 2) {
    ASSERT_TRUE(sums->Start(a.data(), 600).ok());
    ASSERT_TRUE(sums->Progress().ok());
    ASSERT_TRUE(sums->Start(a.data() + 600, 300).ok());
    ASSERT_TRUE(sums->Finish().ok());
    const Tensor after = a.Fetched();
    for (int64_t i = 0; i < 1000; ++i) {
      ASSERT_EQ(after.data<float>()[i],
                before.data<float>()[i] * (i < 900 ? times : 1));
    }
  }
}

TEST_P(ParameterMathTest, SumsInBf16) {
  ParameterMath& math = backend_->parameters();
  if (GetParam() == "cuda") GTEST_SKIP() << "no second process";
  TwinCommunicator twins;
  const auto sums = math.SumsOver(&twins, SumType::kBF16);
  if (math.device() == Device::kHost) {
    EXPECT_TRUE(absl::IsInvalidArgument(sums.status())) << sums.status();
    return;
  }
  ASSERT_TRUE(sums.ok()) << sums.status();
  Array a(&math, "a", 1000);
  const Tensor before = a.Fetched();
  ASSERT_TRUE((*sums)->Start(a.data(), 600).ok());
  ASSERT_TRUE((*sums)->Start(a.data() + 600, 300).ok());
  ASSERT_TRUE((*sums)->Finish().ok());
  const Tensor after = a.Fetched();
  for (int64_t i = 0; i < 1000; ++i) {
    const float value = before.data<float>()[i];
    ASSERT_EQ(after.data<float>()[i],
              i < 900 ? 2 * FromBf16(ToBf16(value)) : value);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ParameterMathTest,
                         ::testing::ValuesIn(TrainBackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
