#include "fcis/train/init/calibrate.h"

#include <cmath>

#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/resnet.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/train/init/initial_weights.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(CalibrateTest, ChannelsGetMeanZeroAndVarianceOne) {
  Weights weights = ScratchWeights(*Preset("parity_mini"), 3);
  const auto backend = *MakeBackend("ref", Precision::kF32);
  std::vector<Tensor> pictures;
  for (const char* name : {"a", "b"}) {
    Tensor picture = DeterministicTensor(name, {1, 64, 48, 3}, 1);
    for (float& v : picture.mutable_span<float>()) v = 100 * v + 30;
    pictures.push_back(picture);
  }
  ASSERT_TRUE(CalibrateNorms(pictures, backend.get(), &weights).ok());

  // The stem, normalised as every reader of the weights does it.
  const FoldedConv folded = *FoldBatchNorm(weights, "extractor/res1/conv1",
                                           "extractor/res1/bn1", 1e-5);
  ConvParams params = StemConv();
  params.relu = false;
  const auto conv =
      *ops::PrepareConv(*backend, params, folded.weight, folded.bias);
  double sum = 0, squares = 0, count = 0;
  for (const Tensor& picture : pictures) {
    const Tensor y = *ops::Conv(*backend, *conv, picture);
    for (int64_t i = 0; i < y.num_elements(); i += y.dim(3)) {
      sum += y.data<float>()[i];
      squares += std::pow(y.data<float>()[i], 2);
      ++count;
    }
  }
  // Float sums of some thousand values; eps = 1e-5 beside a variance near 1.
  EXPECT_NEAR(sum / count, 0, 1e-3);
  EXPECT_NEAR(squares / count, 1, 1e-3);

  // And what comes out at the end neither vanishes nor explodes.
  const ResNet net = *ResNet::Create(weights, backend.get());
  const Tensor res5 = net.Run(pictures[0], nullptr)->res5;
  EXPECT_GT(AbsMax(res5), 1);
  EXPECT_LT(AbsMax(res5), 50);
}

}  // namespace
}  // namespace fcis
