// Loss terms, their gradients and the SGD update against the reference.
#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/losses_test_case.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/kernels/train/update_rules.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class LossesParity : public LossesTestCase {};

// As anchors.
TEST_P(LossesParity, BoxLossAndGradient) {
  const GoldenFile golden("losses.npz");
  const int cases = golden.Int("n_loc");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const auto name = [i](const char* s) { return absl::StrCat("loc", i, s); };
    const Tensor pred = golden.Get(name("/pred"));
    const Tensor want = golden.Get(name("/gpred"));
    const std::vector<int> labels = golden.Ints(name("/label"));
    const int64_t n = labels.size();
    RpnLossArrays a;
    a.scores = There(Tensor::Zeros({n, 2}));
    a.gscores = There(Tensor({n, 2}));
    a.deltas = There(pred);
    a.gdeltas = There(Tensor(pred.shape()));
    a.targets = There(golden.Get(name("/gt")));
    a.labels = There(Tensor::FromSpan<int32_t>({n}, labels));
    RpnLossParams params;
    params.sigma = golden.Float(name("/sigma"));
    Tensor terms = Terms();
    ASSERT_TRUE(backend_->RpnLoss(params, &a, &terms).ok());
    const float want_loss = golden.Float(name("/loss"));
    EXPECT_NEAR(Here(terms).data<double>()[kRpnLocTerm], want_loss,
                1e-5 * std::abs(want_loss));
    EXPECT_TRUE(AllNear(Here(a.gdeltas), want, 1e-5 * AbsMax(want)));
  }
}

// [n, classes, ...] -> rows of classes.
std::vector<float> RowsOfClasses(const Tensor& t, int64_t inner) {
  const int64_t n = t.dim(0);
  const int64_t classes = t.dim(1);
  std::vector<float> rows(t.num_elements());
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    const int64_t k = i / inner % classes;
    const int64_t row = i / (inner * classes) * inner + i % inner;
    rows[row * classes + k] = t.data<float>()[i];
  }
  EXPECT_EQ(t.num_elements(), n * classes * inner);
  return rows;
}

// As the classes of RoIs that have neither boxes nor masks.
TEST_P(LossesParity, SoftmaxCrossEntropyAndGradient) {
  const GoldenFile golden("losses.npz");
  const int cases = golden.Int("n_sce");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](const char* s) { return absl::StrCat("sce", i, s); };
    const Tensor x = golden.Get(name("/x"));
    const std::vector<int> labels = golden.Ints(name("/t"));
    const int64_t classes = x.dim(1), n = labels.size();
    const int64_t inner = n / x.dim(0);
    Tensor masks({n, 1, 1}, DType::kI8);
    for (int8_t& mask : masks.mutable_span<int8_t>()) mask = -1;
    HeadLossArrays a;
    a.scores =
        There(Tensor::FromSpan<float>({n, classes}, RowsOfClasses(x, inner)));
    a.gscores = There(Tensor({n, classes}));
    a.labels = There(Tensor::FromSpan<int32_t>({n}, labels));
    a.own_class = There(Tensor({n}, DType::kI32));
    a.means = There(Tensor::Zeros({n, 8}));
    a.gmeans = There(Tensor({n, 8}));
    a.targets = There(Tensor::Zeros({n, 4}));
    a.pairs = There(Tensor::Zeros({n, 1, 1, 2}));
    a.gpairs = There(Tensor({n, 1, 1, 2}));
    a.masks = There(masks);
    Tensor terms = Terms();
    ASSERT_TRUE(backend_->HeadLoss(HeadLossParams(), &a, &terms).ok());
    const float want_loss = golden.Float(name("/loss"));
    EXPECT_NEAR(Here(terms).data<double>()[kFcisClsTerm], want_loss,
                1e-5 * std::abs(want_loss));
    const Tensor want = golden.Get(name("/gx"));
    EXPECT_TRUE(AllNear(
        Here(a.gscores),
        Tensor::FromSpan<float>({n, classes}, RowsOfClasses(want, inner)),
        1e-5 * AbsMax(want)));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, LossesParity,
                         ::testing::ValuesIn(TrainBackendNames()),
                         [](const auto& info) { return info.param; });

TEST(PairMaxGradientParity, TiesPassTheGradientToBoth) {
  const GoldenFile golden("losses.npz");
  const Tensor pool = golden.Get("headred/pool_cls_seg");  // [R,2C,P,P]
  const Tensor gcls = golden.Get("headred/gcls");
  const int64_t cells = pool.dim(2) * pool.dim(3);
  const int64_t classes = pool.dim(1) / 2;
  Tensor scores(gcls.shape());
  Tensor gpool(pool.shape());
  for (int64_t rc = 0; rc < pool.dim(0) * classes; ++rc) {
    const float* outside = pool.data<float>() + 2 * rc * cells;
    const float* inside = outside + cells;
    float* g = gpool.mutable_data<float>() + 2 * rc * cells;
    double sum = 0;
    for (int64_t c = 0; c < cells; ++c) {
      sum += std::max(outside[c], inside[c]);
      PairMaxGradient(outside[c], inside[c], gcls.data<float>()[rc],
                      static_cast<int>(cells), g + c, g + cells + c);
    }
    scores.mutable_data<float>()[rc] = static_cast<float>(sum / cells);
  }
  EXPECT_TRUE(AllNear(scores, golden.Get("headred/cls_scores"), 1e-6));
  EXPECT_TRUE(AllNear(gpool, golden.Get("headred/gpool"), 1e-6));
}

TEST(SgdUpdateParity, PlainScaledAndDisabled) {
  const GoldenFile golden("losses.npz");
  const std::vector<float> start = golden.Floats("sgd/p0");
  const Tensor grads = golden.Get("sgd/g");      // [steps, n]
  const Tensor after = golden.Get("sgd/after");  // [steps, variants, n]
  const std::vector<float> p = golden.Floats("sgd/lr_momentum_wd_scale");
  const int64_t n = start.size();
  ASSERT_EQ(after.dim(1), 3);
  for (const int variant : {0, 1, 2}) {
    const SgdParams params = {p[0], p[1], p[2], variant == 1 ? p[3] : 1.0f};
    std::vector<float> w = start;
    std::vector<float> v(n, 0.0f);
    for (int64_t step = 0; step < grads.dim(0); ++step) {
      for (int64_t i = 0; i < n; ++i) {
        if (variant < 2) {
          SgdUpdate(params, grads.data<float>()[step * n + i], &w[i], &v[i]);
        }
        EXPECT_NEAR(w[i], after.data<float>()[(step * 3 + variant) * n + i],
                    1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace fcis::kernels
