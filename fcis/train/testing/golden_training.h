// Training fixtures: what several tests read of them.
#ifndef FCIS_TRAIN_TESTING_GOLDEN_TRAINING_H_
#define FCIS_TRAIN_TESTING_GOLDEN_TRAINING_H_

#include <cstdint>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/core/testing/golden.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/train/config/train.pb.h"
#include "gtest/gtest.h"

namespace fcis::train {

// Masks of `pixels` each, of packbits rows u8 [M,bytes].
std::vector<std::vector<uint8_t>> UnpackMasks(const Tensor& packed,
                                              int64_t pixels);

// f32 [n,4]: dy, dx, dh, dw.
Tensor DeltaRows(const std::vector<BoxDelta>& deltas);

// Whether deltas [n,4] of RoIs (yxyx) are those wanted: to the fixtures' 1e-3,
// and what follows from how far the RoIs are from those of the fixture.
::testing::AssertionResult DeltasNear(const Tensor& deltas, const Tensor& want,
                                      const Tensor& rois,
                                      const Tensor& want_rois,
                                      const BoxDelta& std);

// The network of chainercv/train_small.npz, the recipe "chainercv" with the
// fixture's numbers of samples, and its picture, made ready as that recipe
// asks.
struct ChainercvTraining {
  ModelConfig config;
  TrainConfig recipe;
  data::TrainSample sample;
};
ChainercvTraining ReadChainercvTraining(const GoldenFile& golden);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TESTING_GOLDEN_TRAINING_H_
