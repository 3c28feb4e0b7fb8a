#include "fcis/kernels/bodies/extents.h"

#include <memory>

#include "fcis/kernels/bodies/body_ops.h"
#include "fcis/kernels/cuda/body_proposals.h"
#include "fcis/kernels/cuda/emulated_executor.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

constexpr int64_t kMost = (int64_t{1} << 31) - 1;

TEST(ExtentsTest, ExtentsAreInts) {
  EXPECT_TRUE(CheckExtents({}).ok());
  // Many elements are fine.
  EXPECT_TRUE(CheckExtents({1, 1 << 20, 1 << 20, 64}).ok());
  EXPECT_TRUE(CheckExtents({1, kMost}).ok());
  const absl::Status status = CheckExtents({1, kMost + 1, 3});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(status.message(),
            "cuda: a map of 1x2147483648x3, expected no extent over "
            "2147483647");
}

TEST(ExtentsTest, CountsHaveLimits) {
  EXPECT_TRUE(CheckCount(kMost, kMost, "anchors").ok());
  EXPECT_EQ(CheckCount(8, 7, "anchors").message(),
            "cuda: 8 anchors, expected at most 7");
}

// A map that is too large for memory, which nobody may look at.
Tensor Map(const Shape& shape) {
  return Tensor::OnDevice(shape, DType::kF32, Device::kCuda,
                          std::make_shared<char>());
}

TEST(ExtentsTest, OpsRefuseWhatTheirKernelsCannotCount) {
  EmulatedExecutor executor;
  BodyOps<EmulatedExecutor> ops(&executor);
  const Tensor x = Map({1, kMost + 1, 1, 1}), maps = Map({kMost + 1, 1, 98});
  const Tensor rois = RandomRois("rois", 2, 100, 100);
  const Tensor classes = Tensor::Zeros({2}, DType::kI32);
  Tensor y = Map({1, 1, 1, 1}), gmaps = maps;
  const auto refused = [](const absl::Status& status) {
    return absl::IsInvalidArgument(status);
  };
  EXPECT_TRUE(refused(ops.MaxPool({}, x, &y)));
  EXPECT_TRUE(refused(ops.MaxPoolGradient({}, x, y).status()));
  EXPECT_TRUE(refused(ops.ChannelTotals(x, x).status()));
  EXPECT_TRUE(refused(ops.Affine({}, x, nullptr).status()));
  EXPECT_TRUE(refused(ops.PsroiPool({}, maps, rois, &y)));
  EXPECT_TRUE(refused(ops.PsroiMean({}, maps, rois, &y)));
  EXPECT_TRUE(refused(ops.PsroiClassScores({}, maps, rois, &y)));
  EXPECT_TRUE(refused(ops.PsroiClassPair({}, maps, rois, classes, &y)));
  EXPECT_TRUE(refused(ops.PsroiMeanGradient({}, rois, y, &gmaps)));
  EXPECT_TRUE(
      refused(ops.PsroiClassGradient({}, maps, rois, y, classes, y, &gmaps)));
  // 2^32 anchors: one more than sort keys name.
  ProposeParams params;
  params.stride = 16;
  params.anchor_base.resize(4);
  EXPECT_TRUE(refused(BodyProposals<EmulatedExecutor>(&executor)
                          .Propose(params, Map({1, 1 << 15, 1 << 15, 8}),
                                   Map({1, 1 << 15, 1 << 15, 16}))
                          .status()));
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
