#include "fcis/kernels/check/check_backend.h"

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The reference backend, but one element of each result is off by `error`.
class FaultyBackend : public Backend {
 public:
  explicit FaultyBackend(float error) : error_(error) {}

  absl::string_view name() const override { return "faulty"; }
  bool computes_int8() const override { return true; }
  absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
      const Int8ConvParams& params, const Int8Weights& weights) override {
    auto conv = std::make_unique<FaultyInt8Conv>(this, params,
                                                 weights.elements.shape());
    conv->good = *ref_->PrepareInt8Conv(params, weights);
    return conv;
  }
  DType activation_type() const override { return DType::kF32; }
  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    auto conv = std::make_unique<FaultyConv>(this, params, weight.shape());
    conv->good = *ref_->PrepareConv(params, weight, bias);
    return conv;
  }
  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    return Spoil(ref_->MaxPool(params, x, y), y);
  }
  absl::Status Psroi(PsroiForm form, const PsroiParams& params,
                     const Tensor& maps, const Tensor& rois,
                     const Tensor& classes, Tensor* y) override {
    return Spoil(ref_->Psroi(form, params, maps, rois, classes, y), y);
  }
  absl::Status Softmax(const Tensor& x, Tensor* y) override {
    return Spoil(ref_->Softmax(x, y), y);
  }
  absl::Status InsideProbabilities(const Tensor& pairs, Tensor* y) override {
    return Spoil(ref_->InsideProbabilities(pairs, y), y);
  }
  absl::Status RefineBoxes(const RefineParams& params, const Tensor& rois,
                           const Tensor& deltas, Tensor* y) override {
    return Spoil(ref_->RefineBoxes(params, rois, deltas, y), y);
  }

 private:
  struct FaultyConv : public Convolution {
    FaultyConv(FaultyBackend* backend, const ConvParams& params,
               const Shape& weight_shape)
        : Convolution(params, weight_shape), backend(backend) {}
    absl::Status Forward(const Tensor& x, const Tensor* residual,
                         Tensor* y) override {
      return backend->Spoil(good->Forward(x, residual, y), y);
    }
    FaultyBackend* const backend;
    std::unique_ptr<Convolution> good;
  };

  // One code in ten is off by `error` steps.
  struct FaultyInt8Conv : public Int8Convolution {
    FaultyInt8Conv(FaultyBackend* backend, const Int8ConvParams& params,
                   const Shape& weight_shape)
        : Int8Convolution(params, weight_shape), backend(backend) {}
    absl::Status Forward(const Tensor& x, const Tensor* residual,
                         Tensor* y) override {
      const absl::Status status = good->Forward(x, residual, y);
      if (y->type() == DType::kF32) return backend->Spoil(status, y);
      for (int64_t i = 0; i < y->num_elements(); i += 10) {
        y->mutable_data<int8_t>()[i] += static_cast<int8_t>(backend->error_);
      }
      return status;
    }
    FaultyBackend* const backend;
    std::unique_ptr<Int8Convolution> good;
  };

  absl::Status Spoil(absl::Status status, Tensor* y) {
    y->mutable_data<float>()[3] += error_;
    return status;
  }

  const float error_;
  const std::unique_ptr<Backend> ref_ = MakeRefBackend(DType::kF32);
};

// Runs every op once; the first failure's message, or "".
std::string FirstFailure(float error, int skip) {
  const auto backend = MakeCheckBackend(std::make_unique<FaultyBackend>(error),
                                        MakeRefBackend(DType::kF32));
  const Tensor x = RandomTensor("x", Shape{1, 9, 9, 8});
  const Tensor maps = RandomTensor("m", Shape{9, 9, 4 * 6});
  const Tensor rois = RandomRois("r", 5, 144, 144);
  PsroiParams psroi;
  psroi.group_size = 2;
  psroi.roi_size = 5;
  const auto conv = ops::PrepareConv(*backend, ConvParams(),
                                     RandomTensor("w", Shape{8, 8, 3, 3}),
                                     Tensor::Zeros(Shape{8}))
                        .value();
  const Tensor classes = Tensor::Zeros(Shape{5}, DType::kI32);
  const Tensor rows = RandomTensor("rows", Shape{5, 4});
  RefineParams refine;
  refine.height = refine.width = 144;
  const auto pool = [&](PsroiForm form) {
    return ops::Psroi(*backend, form, psroi, maps, rois, classes).status();
  };
  const std::function<absl::Status()> calls[] = {
      [&] { return ops::Conv(*backend, *conv, x).status(); },
      [&] { return ops::MaxPool(*backend, MaxPoolParams(), x).status(); },
      [&] { return pool(PsroiForm::kPool); },
      [&] { return pool(PsroiForm::kMean); },
      [&] { return pool(PsroiForm::kClassScores); },
      [&] { return pool(PsroiForm::kClassPair); },
      [&] { return ops::Softmax(*backend, x).status(); },
      [&] {
        return ops::InsideProbabilities(*backend, Tensor::Zeros({5, 5, 5, 2}))
            .status();
      },
      [&] { return ops::RefineBoxes(*backend, refine, rois, rows).status(); },
  };
  for (const auto& call : calls) {
    if (skip-- > 0) continue;
    const absl::Status status = call();
    if (!status.ok()) return std::string(status.message());
  }
  return "";
}

TEST(CheckBackend, EqualBackendsPass) { EXPECT_EQ(FirstFailure(0, 0), ""); }

TEST(CheckBackend, EveryOpsErrorIsNoticedAndNamed) {
  const char* const ops[] = {"conv",
                             "max_pool",
                             "psroi_pool",
                             "psroi_mean",
                             "psroi_class_scores",
                             "psroi_class_pair",
                             "softmax",
                             "inside_probabilities",
                             "refine_boxes"};
  for (int i = 0; i < 9; ++i) {
    EXPECT_THAT(FirstFailure(1e-2f, i),
                AllOf(HasSubstr("check:faulty,ref: op 1 ("), HasSubstr(ops[i]),
                      HasSubstr("element 3"), HasSubstr("tolerance")));
  }
}

// An Int8Conv's error, or "", by an oracle of these maps.
std::string Int8Failure(float error, absl::optional<Int8Code> y) {
  const auto backend =
      MakeCheckBackend(std::make_unique<FaultyBackend>(error),
                       MakeRefBackend(DType::kF32, /*int8=*/true));
  Int8ConvParams params;
  params.x.type = DType::kI8;
  params.y = y;
  Int8Weights weights;
  weights.elements =
      ToInt8(RandomTensor("w", {8, 8, 3, 3}), {DType::kI8, 1.0f / 127});
  weights.scale = Tensor::Zeros({8});
  for (float& v : weights.scale.mutable_span<float>()) v = 1e-3f;
  weights.bias = RandomTensor("b", {8});
  const auto conv = ops::PrepareInt8Conv(*backend, params, weights).value();
  const Tensor x =
      ToInt8(RandomTensor("x", {1, 9, 9, 8}), {DType::kI8, 1.0f / 100});
  return std::string(ops::Int8Conv(*backend, *conv, x).status().message());
}

TEST(CheckBackend, FewCodesMayBeOffByOne) {
  const Int8Code code = {DType::kI8, .5f};
  for (const auto& y : {absl::optional<Int8Code>(code), {}}) {
    EXPECT_EQ(Int8Failure(0, y), "");
    EXPECT_THAT(Int8Failure(2, y), HasSubstr("op 1 (int8_conv of 1x9x9x8)"));
  }
  // One in ten: more than lie between two.
  EXPECT_THAT(Int8Failure(1, code), HasSubstr("diverges at element"));
}

TEST(CheckBackend, ResultsAreTheTestedBackends) {
  const auto backend = MakeCheckBackend(std::make_unique<FaultyBackend>(1e-7f),
                                        MakeRefBackend(DType::kF32));
  const Tensor x = Tensor::Zeros(Shape{1, 4});
  const auto y = ops::Softmax(*backend, x);
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ(y->data<float>()[3], 0.25f + 1e-7f);
}

// A residual that the result takes over is not read after it was overwritten.
TEST(CheckBackend, MovedResidual) {
  const auto backend = MakeTestBackend("check:cpu,ref");
  const auto conv = ops::PrepareConv(*backend, ConvParams(),
                                     RandomTensor("w", Shape{8, 8, 1, 1}),
                                     Tensor::Zeros(Shape{8}))
                        .value();
  const auto y =
      ops::Conv(*backend, *conv, RandomTensor("x", Shape{1, 4, 4, 8}),
                RandomTensor("r", Shape{1, 4, 4, 8}));
  EXPECT_TRUE(y.ok()) << y.status();
}

TEST(CheckBackend, TrainsNothing) {
  const auto backend = MakeTestBackend("check:cpu,ref");
  EXPECT_TRUE(absl::IsUnimplemented(
      backend->MakeConv(ConvParams(), {8, 8, 1, 1}, {}).status()));
}

}  // namespace
}  // namespace fcis::kernels
