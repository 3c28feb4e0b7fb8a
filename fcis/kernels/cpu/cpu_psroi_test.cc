#include "fcis/kernels/cpu/cpu_psroi.h"

#include <memory>
#include <string>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Depths around whole vectors of 16 and around the kernel's chunk of 96.
constexpr int kDepths[] = {2, 8, 16, 18, 32, 48, 80, 96, 112, 162};

struct Inputs {
  PsroiParams params;
  int depth;
  Tensor maps, rois, classes;
};

Inputs MakeInputs(int depth, DType type) {
  Inputs in;
  in.depth = depth;
  in.params.group_size = 3;
  in.params.roi_size = 7;  // bins of 3, 2 and 2 cells
  in.maps = RandomTensor("maps", Shape{11, 9, 9 * depth}, type);
  in.rois = RandomRois("rois", 23, 11 * 16, 9 * 16);
  in.classes = Tensor(Shape{23}, DType::kI32);
  for (int r = 0; r < 23; ++r) {
    in.classes.mutable_data<int32_t>()[r] = r * 5 % (depth / 2);
  }
  return in;
}

Tensor Cpu(PsroiForm form, const Inputs& in, const Shape& shape) {
  Tensor y(shape);
  CpuPsroi(form, in.params, in.maps, in.rois, in.classes, &y);
  return y;
}

class CpuPsroiTest : public ::testing::TestWithParam<DType> {
 protected:
  Tensor Bodies(PsroiForm form, const Inputs& in) const {
    return *ops::Psroi(*bodies_, form, in.params, in.maps, in.rois, in.classes);
  }

  // ref's pools are the bodies (fcis/kernels/bodies/psroi_bodies.h).
  const std::unique_ptr<Backend> bodies_ = MakeTestBackend("ref", GetParam());
};

TEST_P(CpuPsroiTest, PairsAreTheBodiesBits) {
  for (const int depth : kDepths) {
    SCOPED_TRACE(depth);
    const Inputs in = MakeInputs(depth, GetParam());
    const Tensor want = Bodies(PsroiForm::kClassPair, in);
    EXPECT_TRUE(AllEqual(Cpu(PsroiForm::kClassPair, in, want.shape()), want));
  }
}

TEST_P(CpuPsroiTest, MeansDifferByRoundingOnly) {
  // 49 cells of at most 1, each rounded twice on both sides, then divided.
  const double limit = 2.0 * (2 * 49 + 1) / (1 << 24);
  for (const int depth : kDepths) {
    SCOPED_TRACE(depth);
    const Inputs in = MakeInputs(depth, GetParam());
    for (const PsroiForm form : {PsroiForm::kMean, PsroiForm::kClassScores}) {
      const Tensor want = Bodies(form, in);
      EXPECT_TRUE(AllNear(Cpu(form, in, want.shape()), want, limit));
    }
  }
}

TEST_P(CpuPsroiTest, SameBitsForAnyNumberOfThreads) {
  const Inputs in = MakeInputs(50, GetParam());
  std::vector<Tensor> scores, pairs;
  for (const int threads : {1, 2, 3}) {
    SetNumThreads(threads);
    scores.push_back(Cpu(PsroiForm::kClassScores, in, {23, 25}));
    pairs.push_back(Cpu(PsroiForm::kClassPair, in, {23, 7, 7, 2}));
  }
  SetNumThreads(0);
  for (int i = 1; i < 3; ++i) {
    EXPECT_TRUE(AllEqual(scores[i], scores[0]));
    EXPECT_TRUE(AllEqual(pairs[i], pairs[0]));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, CpuPsroiTest,
                         ::testing::Values(DType::kF32, DType::kBF16),
                         [](const auto& info) {
                           return std::string(DTypeName(info.param));
                         });

}  // namespace
}  // namespace fcis::kernels
