#include "fcis/kernels/bodies/extents.h"

#include <memory>

#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/emulated_backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
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

// A map that is too large for memory, which nobody may look at.
Tensor Map(const Shape& shape) {
  return Tensor::OnDevice(shape, DType::kF32, Device::kCuda,
                          std::make_shared<char>());
}

TEST(ExtentsTest, OpsRefuseWhatTheirKernelsCannotCount) {
  const auto train = MakeEmulatedTrainBackend(DType::kF32);
  Backend& backend = train->forward();
  const Tensor x = Map({1, kMost + 1, 1, 1}), maps = Map({kMost + 1, 1, 98});
  const Tensor rois = RandomRois("rois", 2, 100, 100);
  const Tensor classes = Tensor::Zeros({2}, DType::kI32);
  Tensor y = Map({1, 1, 1, 1}), gmaps = maps;
  double sum, product;
  const auto refused = [](const absl::Status& status) {
    return absl::IsInvalidArgument(status);
  };
  EXPECT_TRUE(refused(backend.MaxPool({}, x, &y)));
  EXPECT_TRUE(refused(train->MaxPoolGradient({}, x, y).status()));
  EXPECT_TRUE(refused(train->ChannelSums(x, x, &sum, &product)));
  EXPECT_TRUE(refused(train->Affine({}, x, nullptr).status()));
  for (const PsroiForm form :
       {PsroiForm::kPool, PsroiForm::kMean, PsroiForm::kClassScores,
        PsroiForm::kClassPair}) {
    EXPECT_TRUE(refused(backend.Psroi(form, {}, maps, rois, classes, &y)));
  }
  EXPECT_TRUE(refused(train->PsroiMeanGradient({}, rois, y, &gmaps)));
  EXPECT_TRUE(refused(
      train->PsroiClassGradient({}, maps, rois, y, classes, y, &gmaps)));
}

}  // namespace
}  // namespace fcis::kernels
