// The losses of every training backend beside those of the host's loops, which
// the parity fixtures check (losses_parity_test, train_parity_test).
#include "fcis/kernels/losses/network_losses.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

class NetworkLossesTest : public ::testing::TestWithParam<std::string> {
 protected:
  Tensor There(const Tensor& t) { return *backend_->forward().ToDevice(t); }
  Tensor Here(const Tensor& t) { return *backend_->forward().ToHost(t); }
  Tensor Terms() {
    return *backend_->forward().AllocateMap({kNumLossTerms}, DType::kF64);
  }

  const std::unique_ptr<TrainBackend> backend_ =
      MakeTestTrainBackend(GetParam());
};

// Labels in [-1, classes), by turns; a period that is odd beside kRowsOfPart.
Tensor Labels(const Shape& shape, int classes, DType type) {
  Tensor t(shape, type);
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    const int label = static_cast<int>(i * 7 % (classes + 1)) - 1;
    if (type == DType::kI32) {
      t.mutable_data<int32_t>()[i] = label;
    } else {
      t.mutable_data<int8_t>()[i] = static_cast<int8_t>(label);
    }
  }
  return t;
}

// Every gradient is one formula of one element; a term is a sum in double in
// another order, rounded to float32 at the end.
constexpr double kTermRounding = 2.0 / (1 << 24);

void ExpectTerms(const Tensor& got, const Tensor& want,
                 std::initializer_list<LossTerm> terms) {
  for (const LossTerm term : terms) {
    const double w = want.data<double>()[term];
    EXPECT_NEAR(got.data<double>()[term], w, kTermRounding * std::abs(w))
        << term;
  }
}

RpnLossArrays RpnArrays(int64_t n) {
  RpnLossArrays a;
  a.scores = RandomTensor("scores", {1, 1, n, 2});
  a.deltas = RandomTensor("deltas", {1, 1, n, 4});
  a.labels = Labels({n}, 2, DType::kI32);
  a.targets = RandomTensor("targets", {n, 4});
  a.gscores = Tensor(a.scores.shape());
  a.gdeltas = Tensor(a.deltas.shape());
  return a;
}

TEST_P(NetworkLossesTest, RpnLikeTheHost) {
  RpnLossParams params;
  params.loc_factor = 0.5f;
  params.cls_factor = 1 / 3.0f;
  for (const int64_t n : {1, 255, 256, 1000}) {
    RpnLossArrays want = RpnArrays(n), got = want;
    Tensor want_terms({kNumLossTerms}, DType::kF64), terms = Terms();
    HostRpnLoss(params, &want, &want_terms);
    for (Tensor* t : {&got.scores, &got.deltas, &got.labels, &got.targets}) {
      *t = There(*t);
    }
    got.gscores = There(Tensor(want.gscores.shape()));
    got.gdeltas = There(Tensor(want.gdeltas.shape()));
    ASSERT_TRUE(backend_->RpnLoss(params, &got, &terms).ok());
    EXPECT_TRUE(AllEqual(Here(got.gscores), want.gscores));
    EXPECT_TRUE(AllEqual(Here(got.gdeltas), want.gdeltas));
    ExpectTerms(Here(terms), want_terms,
                {kRpnLocTerm, kRpnClsTerm, kRpnAccTerm});
  }
}

TEST_P(NetworkLossesTest, NoAnchorCounts) {
  RpnLossArrays a = RpnArrays(300);
  a.labels = Tensor({300}, DType::kI32);
  for (int32_t& label : a.labels.mutable_span<int32_t>()) label = -1;
  for (Tensor* t :
       {&a.scores, &a.deltas, &a.labels, &a.targets, &a.gscores, &a.gdeltas}) {
    *t = There(*t);
  }
  Tensor terms = Terms();
  ASSERT_TRUE(backend_->RpnLoss(RpnLossParams(), &a, &terms).ok());
  EXPECT_EQ(AbsMax(Here(a.gscores)), 0);
  EXPECT_EQ(AbsMax(Here(a.gdeltas)), 0);
  for (const LossTerm term : {kRpnLocTerm, kRpnClsTerm, kRpnAccTerm}) {
    EXPECT_EQ(Here(terms).data<double>()[term], 0);
  }
}

constexpr int64_t kClasses = 5, kSize = 9;

HeadLossArrays HeadArrays(int64_t rois) {
  HeadLossArrays a;
  a.scores = RandomTensor("scores", {rois, kClasses});
  a.means = RandomTensor("means", {rois, 8});
  a.pairs = RandomTensor("pairs", {rois, kSize, kSize, 2});
  a.targets = RandomTensor("targets", {rois, 4});
  a.labels = Tensor({rois}, DType::kI32);
  a.masks = Labels({rois, kSize, kSize}, 2, DType::kI8);
  const int64_t cells = kSize * kSize;
  for (int64_t r = 0; r < rois; ++r) {
    a.labels.mutable_data<int32_t>()[r] = static_cast<int>(r * 3 % kClasses);
    if (r * 3 % kClasses != 0) continue;
    for (int64_t i = 0; i < cells; ++i) {
      a.masks.mutable_data<int8_t>()[r * cells + i] = -1;
    }
  }
  // Equal losses, of which OHEM takes the first.
  for (int64_t r = 10; r + 5 < rois; r += 10) {
    for (int64_t k = 0; k < kClasses; ++k) {
      a.scores.mutable_data<float>()[(r + 5) * kClasses + k] =
          a.scores.data<float>()[r * kClasses + k];
    }
  }
  a.gscores = Tensor(a.scores.shape());
  a.gmeans = Tensor(a.means.shape());
  a.gpairs = Tensor(a.pairs.shape());
  a.own_class = Tensor(a.labels.shape(), DType::kI32);
  return a;
}

std::vector<Tensor*> AllOf(HeadLossArrays* a) {
  return {&a->scores, &a->means,   &a->pairs,  &a->targets, &a->labels,
          &a->masks,  &a->gscores, &a->gmeans, &a->gpairs,  &a->own_class};
}

TEST_P(NetworkLossesTest, HeadLikeTheHost) {
  HeadLossParams params;
  params.loc_weight = 0.75f;
  params.cls_weight = 0.3f;
  params.mask_weight = 10;
  params.gradient_weight = 1 / 3.0f;
  for (const int64_t rois : {0, 1, 37, 300}) {
    for (const int ohem : {0, 1, 29, 1000}) {
      for (const bool over_all : {false, true}) {
        SCOPED_TRACE(rois * 10000 + ohem * 10 + over_all);
        params.ohem_rois = ohem;
        params.mask_over_all_rois = over_all;
        HeadLossArrays want = HeadArrays(rois), got = HeadArrays(rois);
        Tensor want_terms({kNumLossTerms}, DType::kF64), terms = Terms();
        HostHeadLoss(params, &want, &want_terms);
        for (Tensor* t : AllOf(&got)) *t = There(*t);
        ASSERT_TRUE(backend_->HeadLoss(params, &got, &terms).ok());
        const std::vector<Tensor*> all = AllOf(&want);
        for (size_t i = 0; i < all.size(); ++i) {
          EXPECT_TRUE(AllEqual(Here(*AllOf(&got)[i]), *all[i])) << i;
        }
        ExpectTerms(Here(terms), want_terms,
                    {kFcisLocTerm, kFcisClsTerm, kFcisMaskTerm, kFcisClsAccTerm,
                     kFcisFgAccTerm, kForegroundRoisTerm});
      }
    }
  }
}

TEST_P(NetworkLossesTest, ARoiThatIsNotANumberTrains) {
  HeadLossArrays a = HeadArrays(20);
  a.scores.mutable_data<float>()[3 * kClasses] =
      std::numeric_limits<float>::quiet_NaN();
  for (Tensor* t : AllOf(&a)) *t = There(*t);
  HeadLossParams params;
  params.ohem_rois = 1;
  Tensor terms = Terms();
  ASSERT_TRUE(backend_->HeadLoss(params, &a, &terms).ok());
  const Tensor labels = Here(a.labels);
  for (int r = 0; r < 20; ++r) {
    EXPECT_EQ(labels.data<int32_t>()[r] >= 0, r == 3) << r;
  }
  EXPECT_TRUE(std::isnan(Here(terms).data<double>()[kFcisClsTerm]));
}

INSTANTIATE_TEST_SUITE_P(Backends, NetworkLossesTest,
                         ::testing::ValuesIn(TrainBackendNames()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fcis
