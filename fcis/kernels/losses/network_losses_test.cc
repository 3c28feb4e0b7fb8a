// The losses of every training backend against formulas in double, and their
// gradients against differences of those. The reference's numbers are in
// losses_parity_test and train_parity_test.
#include "fcis/kernels/losses/network_losses.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/losses_test_case.h"
#include "fcis/kernels/train/train_backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class NetworkLossesTest : public LossesTestCase {};

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

double CrossEntropy(const std::vector<double>& logits, int label) {
  double total = 0;
  for (const double v : logits) total += std::exp(v);
  return std::log(total) - logits[label];
}

double SmoothL1InDouble(double diff, double sigma) {
  const double magnitude = std::abs(diff), edge = 1 / (sigma * sigma);
  return magnitude < edge ? 0.5 * diff * diff / edge : magnitude - edge / 2;
}

// The derivative at `values` by the k-th.
template <typename Loss>
double Derivative(std::vector<double> values, size_t k, const Loss& loss) {
  constexpr double kStep = 1e-4;
  const double at = values[k];
  values[k] = at + kStep;
  const double above = loss(values);
  values[k] = at - kStep;
  return (above - loss(values)) / (2 * kStep);
}

std::vector<double> Row(const Tensor& t, int64_t row, int64_t length,
                        int64_t first, int64_t count) {
  const float* from = t.data<float>() + row * length + first;
  return std::vector<double>(from, from + count);
}

int LabelAt(const Tensor& labels, int64_t i) {
  return labels.type() == DType::kI8 ? labels.data<int8_t>()[i]
                                     : labels.data<int32_t>()[i];
}

// What is expected of rows: sums over those whose label is not negative, and
// over those whose is positive.
struct RowSums {
  double loss = 0, counted = 0, right = 0, foreground = 0, right_foreground = 0;
};

// Also: the gradient of the mean loss times `factor` is in `grad`.
RowSums ExpectRows(const Tensor& logits, int64_t classes, const Tensor& labels,
                   double factor, const Tensor& grad) {
  RowSums sums;
  for (int64_t r = 0; r < labels.num_elements(); ++r) {
    const int label = LabelAt(labels, r);
    if (label < 0) continue;
    const std::vector<double> x = Row(logits, r, classes, 0, classes);
    const bool right =
        std::max_element(x.begin(), x.end()) - x.begin() == label;
    sums.loss += CrossEntropy(x, label);
    ++sums.counted;
    sums.right += right;
    sums.foreground += label > 0;
    sums.right_foreground += right && label > 0;
  }
  for (int64_t r = 0; r < labels.num_elements(); ++r) {
    const int label = LabelAt(labels, r);
    for (int64_t k = 0; k < classes; ++k) {
      const double want =
          label < 0 ? 0
                    : factor / sums.counted *
                          Derivative(Row(logits, r, classes, 0, classes), k,
                                     [label](const std::vector<double>& x) {
                                       return CrossEntropy(x, label);
                                     });
      EXPECT_NEAR(grad.data<float>()[r * classes + k], want, 1e-6) << r;
    }
  }
  return sums;
}

// The same of boxes in rows of `length`; returns the sum.
double ExpectBoxes(const Tensor& boxes, int64_t length, int64_t first,
                   const Tensor& targets, const Tensor& labels, double sigma,
                   double factor_of_mean, const Tensor& grad) {
  const auto loss_of = [&](int64_t r) {
    const std::vector<double> target = Row(targets, r, 4, 0, 4);
    return [target, sigma](const std::vector<double>& box) {
      double loss = 0;
      for (int k = 0; k < 4; ++k) {
        loss += SmoothL1InDouble(box[k] - target[k], sigma);
      }
      return loss;
    };
  };
  double sum = 0;
  for (int64_t r = 0; r < labels.num_elements(); ++r) {
    const std::vector<double> box = Row(boxes, r, length, first, 4);
    const bool trains = LabelAt(labels, r) > 0;
    if (trains) sum += loss_of(r)(box);
    for (int64_t k = 0; k < length; ++k) {
      const bool own = trains && k >= first && k < first + 4;
      // The slope's kink is as wide as the step.
      EXPECT_NEAR(
          grad.data<float>()[r * length + k],
          own ? factor_of_mean * Derivative(box, k - first, loss_of(r)) : 0,
          1e-6 + 1e-3 * factor_of_mean * sigma * sigma * own)
          << r;
    }
  }
  return sum;
}

// Sums of at most 25000 values that are off by 2^-24 of at most 4, rounded.
void ExpectTerm(const Tensor& terms, LossTerm term, double want) {
  EXPECT_NEAR(terms.data<double>()[term], want, 1e-6 * (1 + std::abs(want)))
      << term;
}

double Share(double right, double counted) {
  return counted == 0 ? 0 : right / counted;
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

TEST_P(NetworkLossesTest, Rpn) {
  RpnLossParams params;
  params.loc_factor = 0.5f;
  params.cls_factor = 1 / 3.0f;
  for (const int64_t n : {1, 255, 256, 1000}) {
    SCOPED_TRACE(n);
    const RpnLossArrays here = RpnArrays(n);
    RpnLossArrays a = here;
    Tensor terms_there = Terms();
    for (Tensor* t : {&a.scores, &a.deltas, &a.labels, &a.targets, &a.gscores,
                      &a.gdeltas}) {
      *t = There(*t);
    }
    ASSERT_TRUE(backend_->RpnLoss(params, &a, &terms_there).ok());
    const Tensor terms = Here(terms_there);
    const RowSums rows = ExpectRows(here.scores, 2, here.labels,
                                    params.cls_factor, Here(a.gscores));
    const double mean = rows.counted == 0 ? 0 : 1 / rows.counted;
    const double boxes =
        ExpectBoxes(here.deltas, 4, 0, here.targets, here.labels, params.sigma,
                    params.loc_factor * mean, Here(a.gdeltas));
    ExpectTerm(terms, kRpnLocTerm, boxes * mean);
    ExpectTerm(terms, kRpnClsTerm, rows.loss * mean);
    ExpectTerm(terms, kRpnAccTerm, Share(rows.right, rows.counted));
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

// Lets go of all but the hardest.
void KeepHardest(const HeadLossParams& params, HeadLossArrays* a) {
  constexpr int64_t kCells = kSize * kSize;
  std::vector<std::pair<double, int64_t>> order;
  for (int64_t r = 0; r < a->labels.num_elements(); ++r) {
    const int label = LabelAt(a->labels, r);
    double loss = params.cls_weight *
                  CrossEntropy(Row(a->scores, r, kClasses, 0, kClasses), label);
    for (int k = 0; label > 0 && k < 4; ++k) {
      const double diff = a->means.data<float>()[8 * r + 4 + k] -
                          a->targets.data<float>()[4 * r + k];
      loss += params.loc_weight * SmoothL1InDouble(diff, params.sigma);
    }
    for (int64_t i = r * kCells; i < (r + 1) * kCells; ++i) {
      const int mask = LabelAt(a->masks, i);
      if (label > 0 && mask >= 0) {
        loss += params.mask_weight / kCells *
                CrossEntropy(Row(a->pairs, i, 2, 0, 2), mask);
      }
    }
    order.emplace_back(-loss, r);
  }
  std::sort(order.begin(), order.end());
  for (size_t i = params.ohem_rois; i < order.size(); ++i) {
    const int64_t r = order[i].second;
    a->labels.mutable_data<int32_t>()[r] = -1;
    std::fill_n(a->masks.mutable_data<int8_t>() + r * kCells, kCells,
                int8_t{-1});
  }
}

void ExpectHead(const HeadLossParams& params, const HeadLossArrays& want,
                const HeadLossArrays& got, const Tensor& terms) {
  EXPECT_TRUE(AllEqual(got.labels, want.labels));
  EXPECT_TRUE(AllEqual(got.masks, want.masks));
  for (int64_t r = 0; r < want.labels.num_elements(); ++r) {
    const int label = LabelAt(want.labels, r);
    EXPECT_EQ(got.own_class.data<int32_t>()[r], label > 0 ? label : -1);
  }
  const double all = params.gradient_weight;
  const RowSums rows = ExpectRows(want.scores, kClasses, want.labels,
                                  all * params.cls_weight, got.gscores);
  const double mean = rows.counted == 0 ? 0 : 1 / rows.counted;
  const double boxes =
      ExpectBoxes(want.means, 8, 4, want.targets, want.labels, params.sigma,
                  all * params.loc_weight * mean, got.gmeans);
  double cells = 0;
  for (const int8_t mask : want.masks.span<int8_t>()) cells += mask >= 0;
  double share = 1;
  if (params.mask_over_all_rois && rows.counted > 0) {
    share = cells / (kSize * kSize * rows.counted);
  }
  const RowSums masks = ExpectRows(
      want.pairs, 2, want.masks, all * params.mask_weight * share, got.gpairs);
  ExpectTerm(terms, kFcisLocTerm, boxes * mean);
  ExpectTerm(terms, kFcisClsTerm, rows.loss * mean);
  ExpectTerm(terms, kFcisMaskTerm, share * Share(masks.loss, masks.counted));
  ExpectTerm(terms, kFcisClsAccTerm, Share(rows.right, rows.counted));
  ExpectTerm(terms, kFcisFgAccTerm,
             Share(rows.right_foreground, rows.foreground));
  ExpectTerm(terms, kForegroundRoisTerm, rows.foreground);
}

TEST_P(NetworkLossesTest, Head) {
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
        if (ohem > 0) KeepHardest(params, &want);
        Tensor terms = Terms();
        for (Tensor* t : AllOf(&got)) *t = There(*t);
        ASSERT_TRUE(backend_->HeadLoss(params, &got, &terms).ok());
        for (Tensor* t : AllOf(&got)) *t = Here(*t);
        ExpectHead(params, want, got, Here(terms));
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
}  // namespace fcis::kernels
