#include "fcis/train/trainer/iteration_sums.h"

#include <limits>

#include "fcis/core/comm/fake_communicator.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

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
  terms.fcis_fg_acc = 8;
  terms.without_rois = 2;
  return terms;
}

TEST(IterationSumsTest, AddsEveryField) {
  Twice job;
  IterationSums sums;
  sums.terms = SomeTerms();
  sums.stop = true;
  ASSERT_TRUE(sums.AddUp(&job).ok());
  EXPECT_EQ(sums.terms.rpn_loc, 3);
  EXPECT_EQ(sums.terms.rpn_cls, 0);
  EXPECT_EQ(sums.terms.fcis_fg_acc, 24);
  EXPECT_EQ(sums.terms.without_anchors, 0);
  EXPECT_EQ(sums.terms.without_rois, 6);
  EXPECT_EQ(sums.terms.without_foreground, 0);
  EXPECT_TRUE(sums.stop);
  IterationSums none;
  ASSERT_TRUE(none.AddUp(&job).ok());
  EXPECT_FALSE(none.stop);
}

TEST(IterationSumsTest, NamesInTheReferencesOrder) {
  const auto named = NamedTerms(SomeTerms());
  ASSERT_EQ(named.size(), 8u);
  EXPECT_EQ(named.front(), std::make_pair(std::string("rpn_loc_loss"), 1.0));
  EXPECT_EQ(named.back(), std::make_pair(std::string("fcis_fg_acc"), 8.0));
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
