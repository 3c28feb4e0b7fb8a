#include "fcis/train/init/calibrate.h"

#include <cmath>

#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/network.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/train/init/initial_weights.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

TEST(CalibrateTest, ChannelsGetMeanZeroAndVarianceOne) {
  model::Weights weights = ScratchWeights(*Preset("parity_mini"), 3);
  const auto backend = *kernels::MakeBackend("ref", kernels::Precision::kF32);
  std::vector<Tensor> pictures;
  for (const char* name : {"a", "b"}) {
    Tensor picture = model::DeterministicTensor(name, {1, 64, 48, 3}, 1);
    for (float& v : picture.mutable_span<float>()) v = 100 * v + 30;
    pictures.push_back(picture);
  }
  ASSERT_TRUE(CalibrateNorms(pictures, backend.get(), &weights).ok());

  // The stem, normalised as every reader of the weights does it.
  const model::Topology topology = model::TopologyOf(weights.config);
  const model::ConvSpec& stem = topology.layers[0];
  const model::FoldedConv folded = *model::FoldBatchNorm(
      weights, weights.tensors.at(stem.name + "/W"), stem.norm, stem.norm_eps);
  kernels::ConvParams params = stem.params;
  params.relu = false;
  const auto conv =
      *kernels::ops::PrepareConv(*backend, params, folded.weight, folded.bias);
  double sum = 0, squares = 0, count = 0;
  for (const Tensor& picture : pictures) {
    const Tensor y = *kernels::ops::Conv(*backend, *conv, picture);
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
  int res5_layer = 0;
  for (size_t i = 0; i < topology.layers.size(); ++i) {
    if (topology.layers[i].stage == 5) res5_layer = static_cast<int>(i);
  }
  const model::Network net =
      *model::Network::Create(topology, {res5_layer}, weights, backend.get());
  const Tensor res5 = (*net.Run(pictures[0], nullptr))[0];
  EXPECT_GT(AbsMax(res5), 1);
  EXPECT_LT(AbsMax(res5), 50);
}

}  // namespace
}  // namespace fcis::train
