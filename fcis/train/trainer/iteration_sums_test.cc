#include "fcis/train/trainer/iteration_sums.h"

#include <limits>

#include "fcis/core/comm/fake_communicator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// The other of two processes has twice as much of everything.
class Twice : public FakeCommunicator {
 public:
  Twice() : FakeCommunicator(0, 2) {}
  absl::Status Sum(absl::Span<double> values) override {
    for (double& v : values) v *= 3;
    return absl::OkStatus();
  }
};

LossTerms SomeTerms() {
  LossTerms terms;
  terms.rpn_loc = 1;
  terms.rpn_cls = 2;
  terms.fcis_loc = 3;
  terms.fcis_cls = 4;
  terms.fcis_mask = 5;
  terms.rpn_acc = 6;
  terms.fcis_cls_acc = 7;
  terms.fcis_fg_acc = 8;
  terms.without_anchors = 9;
  terms.without_rois = 10;
  terms.without_foreground = 11;
  return terms;
}

TEST(IterationSumsTest, NamesInTheReferencesOrder) {
  EXPECT_THAT(NamedTerms(SomeTerms()),
              ElementsAre(Pair("rpn_loc_loss", 1), Pair("rpn_cls_loss", 2),
                          Pair("fcis_loc_loss", 3), Pair("fcis_cls_loss", 4),
                          Pair("fcis_mask_loss", 5), Pair("rpn_acc", 6),
                          Pair("fcis_cls_acc", 7), Pair("fcis_fg_acc", 8)));
}

TEST(IterationSumsTest, AddsEveryField) {
  Twice job;
  IterationSums sums;
  sums.terms = SomeTerms();
  sums.stop = true;
  ASSERT_TRUE(sums.AddUp(&job).ok());
  const auto before = NamedTerms(SomeTerms()), after = NamedTerms(sums.terms);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].second, 3 * before[i].second) << before[i].first;
  }
  EXPECT_EQ(sums.terms.without_anchors, 27);
  EXPECT_EQ(sums.terms.without_rois, 30);
  EXPECT_EQ(sums.terms.without_foreground, 33);
  EXPECT_TRUE(sums.stop);
  IterationSums none;
  ASSERT_TRUE(none.AddUp(&job).ok());
  EXPECT_FALSE(none.stop);
}

TEST(IterationSumsTest, NamesTheFirstTermThatIsNotFinite) {
  LossTerms terms = SomeTerms();
  EXPECT_EQ(NotFinite(terms), "");
  terms.fcis_mask = std::numeric_limits<double>::infinity();
  terms.fcis_cls_acc = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(NotFinite(terms), "fcis_mask_loss is inf");
}

}  // namespace
}  // namespace fcis
