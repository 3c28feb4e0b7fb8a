#include "fcis/train/network/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fcis/core/testing/fake_communicator.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

constexpr double kEps = 1e-3;
constexpr int64_t kChannels = 19;  // not in whole blocks

// A norm with memory, random gamma and beta, and some statistics.
class Norm {
 public:
  explicit Norm(const std::string& backend, double momentum = .9,
                Communicator* shared = nullptr)
      : backend_(*kernels::MakeTrainBackend(backend, kernels::Precision::kF32)),
        norm_("bn", kChannels, kEps, momentum, shared, backend_.get()),
        values_(2 * kChannels),
        gradients_(2 * kChannels) {
    for (size_t i = 0; i < 2; ++i) {
      norm_.parameters()[i]->value = &values_[i * kChannels];
      norm_.parameters()[i]->gradient = &gradients_[i * kChannels];
    }
    model::Weights weights;
    const Shape shape = {kChannels};
    weights.tensors["bn/gamma"] = kernels::RandomTensor("gamma", shape);
    weights.tensors["bn/beta"] = kernels::RandomTensor("beta", shape);
    weights.tensors["bn/avg_mean"] = kernels::RandomTensor("avg_mean", shape);
    weights.tensors["bn/avg_var"] = kernels::RandomTensor("avg_var", shape);
    for (Parameter* p : norm_.parameters()) {
      p->from_file(weights.tensors.at(p->name), p->value);
    }
    norm_.LoadStatistics(weights);
  }

  Tensor Forward(const Tensor& x, const Tensor* residual, bool relu) {
    Tensor add;
    if (residual != nullptr) add = *backend_->ToOwnLayout(*residual);
    const auto y = norm_.Forward(*backend_->ToOwnLayout(x),
                                 residual == nullptr ? nullptr : &add, relu);
    EXPECT_TRUE(y.ok()) << y.status();
    return *backend_->forward().Convert(*y, DType::kF32, Layout::kRowMajor);
  }
  Tensor Backward(const Tensor& gy, bool add = false) {
    const auto gx = norm_.Backward(*backend_->ToOwnLayout(gy), add);
    EXPECT_TRUE(gx.ok()) << gx.status();
    return *backend_->forward().Convert(*gx, DType::kF32, Layout::kRowMajor);
  }

  BatchNorm& norm() { return norm_; }
  std::vector<float>& values() { return values_; }        // gamma, beta
  std::vector<float>& gradients() { return gradients_; }  // of them

 private:
  const std::unique_ptr<kernels::TrainBackend> backend_;
  BatchNorm norm_;
  std::vector<float> values_, gradients_;
};

// sum(g * norm(x)), all of it in double.
double InDouble(const std::vector<double>& x, const std::vector<double>& values,
                const Tensor& g) {
  const size_t n = x.size() / kChannels;
  double total = 0;
  for (int64_t c = 0; c < kChannels; ++c) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) mean += x[i * kChannels + c] / n;
    for (size_t i = 0; i < n; ++i) {
      variance += std::pow(x[i * kChannels + c] - mean, 2) / n;
    }
    for (size_t i = 0; i < n; ++i) {
      const double unit =
          (x[i * kChannels + c] - mean) / std::sqrt(variance + kEps);
      total += g.data<float>()[i * kChannels + c] *
               (values[c] * unit + values[kChannels + c]);
    }
  }
  return total;
}

std::vector<double> Widened(absl::Span<const float> values) {
  return std::vector<double>(values.begin(), values.end());
}

// Far from 0 and unequal in spread, as convolutions come out.
Tensor Input(const Shape& shape) {
  Tensor x = kernels::RandomTensor("x", shape);
  int64_t i = 0;
  for (float& v : x.mutable_span<float>()) {
    const int64_t c = i++ % kChannels;
    v = v * (0.3f + 0.1f * c) + 0.5f * (c - 5);
  }
  return x;
}

class BatchNormTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BatchNormTest, GradientsAreSlopes) {
  const Shape shape = {2, 5, 7, kChannels};
  const Tensor x = Input(shape), g = kernels::RandomTensor("g", shape);
  Norm norm(GetParam());
  norm.Forward(x, nullptr, false);
  const Tensor gx = norm.Backward(g);
  const std::vector<double> at = Widened(x.span<float>());
  const std::vector<double> values = Widened(norm.values());
  constexpr double kStep = 1e-4, kLimit = 1e-5;
  const auto slope = [&](bool of_x, size_t i) {
    std::vector<double> p = of_x ? at : values, m = p;
    p[i] += kStep;
    m[i] -= kStep;
    return (of_x ? InDouble(p, values, g) - InDouble(m, values, g)
                 : InDouble(at, p, g) - InDouble(at, m, g)) /
           (2 * kStep);
  };
  for (size_t i = 0; i < at.size(); i += 11) {
    EXPECT_NEAR(gx.data<float>()[i], slope(true, i), kLimit) << i;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const double want = slope(false, i);
    EXPECT_NEAR(norm.gradients()[i], want, kLimit * (1 + std::abs(want))) << i;
  }
}

TEST_P(BatchNormTest, Forward) {
  const Shape shape = {2, 5, 7, kChannels};
  const Tensor x = Input(shape),
               residual = kernels::RandomTensor("residual", shape);
  Norm norm(GetParam());
  const Tensor plain = norm.Forward(x, nullptr, false);
  const Tensor both = norm.Forward(x, &residual, true);
  for (int64_t c = 0; c < kChannels; ++c) {
    double mean = 0, square = 0;
    const int64_t n = shape.num_elements() / kChannels;
    for (int64_t i = 0; i < n; ++i) {
      const double v = plain.data<float>()[i * kChannels + c];
      mean += v / n;
      square += v * v / n;
    }
    const double gamma = norm.values()[c], beta = norm.values()[kChannels + c];
    EXPECT_NEAR(mean, beta, 1e-5);
    // Eps takes a little of the spread.
    EXPECT_NEAR(std::sqrt(square - mean * mean), std::abs(gamma), 0.03);
  }
  Tensor want = plain.Clone();
  const float* add = residual.data<float>();
  for (float& v : want.mutable_span<float>()) v = std::max(v + *add++, 0.0f);
  EXPECT_TRUE(AllNear(both, want, 1e-6));
}

TEST_P(BatchNormTest, GradientsAddUp) {
  const Shape shape = {1, 4, 4, kChannels};
  const Tensor x = Input(shape), g = kernels::RandomTensor("g", shape);
  Norm norm(GetParam());
  norm.Forward(x, nullptr, false);
  norm.Backward(g);
  const std::vector<float> once = norm.gradients();
  norm.Forward(x, nullptr, false);
  norm.Backward(g, /*add=*/true);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_FLOAT_EQ(norm.gradients()[i], 2 * once[i]);
  }
}

TEST_P(BatchNormTest, RunningStatistics) {
  const Shape shape = {2, 5, 7, kChannels};
  const Tensor x = Input(shape);
  Norm norm(GetParam(), 0.75);
  norm.Forward(x, nullptr, false);
  model::Weights saved;
  ASSERT_TRUE(norm.norm().Save(&saved).ok());
  const Tensor before_mean = kernels::RandomTensor("avg_mean", {kChannels});
  const Tensor before_var = kernels::RandomTensor("avg_var", {kChannels});
  const int64_t n = shape.num_elements() / kChannels;
  for (int64_t c = 0; c < kChannels; ++c) {
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < n; ++i) {
      mean += x.data<float>()[i * kChannels + c] / static_cast<double>(n);
    }
    for (int64_t i = 0; i < n; ++i) {
      squares += std::pow(x.data<float>()[i * kChannels + c] - mean, 2);
    }
    EXPECT_NEAR(saved.tensors["bn/avg_mean"].data<float>()[c],
                0.75 * before_mean.data<float>()[c] + 0.25 * mean, 1e-5);
    EXPECT_NEAR(saved.tensors["bn/avg_var"].data<float>()[c],
                0.75 * before_var.data<float>()[c] + 0.25 * squares / (n - 1),
                1e-5);
  }
}

// Two threads of this process as the processes of a job.
class Meeting {
 public:
  void Sum(absl::Span<double> values) {
    std::unique_lock<std::mutex> lock(mutex_);
    const int round = round_;
    if (arrived_++ == 0) total_.assign(values.size(), 0);
    for (size_t i = 0; i < values.size(); ++i) total_[i] += values[i];
    if (arrived_ == 2) {
      arrived_ = 0;
      ++round_;
      sums_ = total_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return round_ != round; });
    std::copy(sums_.begin(), sums_.end(), values.begin());
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0, round_ = 0;
  std::vector<double> total_, sums_;
};

class ThreadCommunicator : public FakeCommunicator {
 public:
  ThreadCommunicator(int rank, Meeting* meeting)
      : FakeCommunicator(rank, 2), meeting_(meeting) {}
  absl::Status Sum(absl::Span<double> values) override {
    meeting_->Sum(values);
    return absl::OkStatus();
  }

 private:
  Meeting* meeting_;
};

// One picture of [N,H,W,C].
Tensor PictureOf(const Tensor& t, int64_t n) {
  const int64_t size = t.num_elements() / t.dim(0);
  return Tensor::FromSpan<float>({1, t.dim(1), t.dim(2), t.dim(3)},
                                 t.span<float>().subspan(n * size, size));
}

TEST_P(BatchNormTest, TwoProcessesLikeOne) {
  const Shape shape = {2, 5, 7, kChannels};
  const Tensor x = Input(shape), g = kernels::RandomTensor("g", shape);
  Norm one(GetParam());
  const Tensor y = one.Forward(x, nullptr, true);
  const Tensor gx = one.Backward(g);
  Meeting meeting;
  std::vector<std::vector<float>> gradients(2);
  const auto run = [&](int rank) {
    ThreadCommunicator job(rank, &meeting);
    Norm half(GetParam(), .9, &job);
    EXPECT_TRUE(AllNear(half.Forward(PictureOf(x, rank), nullptr, true),
                        PictureOf(y, rank), 1e-6));
    EXPECT_TRUE(
        AllNear(half.Backward(PictureOf(g, rank)), PictureOf(gx, rank), 1e-6));
    gradients[rank] = half.gradients();
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  for (size_t i = 0; i < 2 * kChannels; ++i) {
    EXPECT_NEAR(gradients[0][i] + gradients[1][i], one.gradients()[i],
                1e-5 * (1 + std::abs(one.gradients()[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, BatchNormTest,
                         ::testing::Values("ref", "cpu"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fcis::train
