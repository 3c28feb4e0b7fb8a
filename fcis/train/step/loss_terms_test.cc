#include "fcis/train/step/loss_terms.h"

#include <limits>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace fcis::train {
namespace {

// Number n is n + 1.
LossTerms SomeTerms() {
  LossTerms terms;
  for (int n = 0; n < kNumLossNumbers; ++n) terms[n] = n + 1;
  return terms;
}

TEST(LossTermsTest, EachNumberIsAColumn) {
  std::set<int> numbers;
  std::set<std::string> names;
  for (const LossColumn& column : LossColumns()) {
    numbers.insert(column.number);
    names.insert(column.name);
  }
  EXPECT_EQ(numbers.size(), LossColumns().size());
  EXPECT_EQ(names.size(), LossColumns().size());
  // How many RoIs are foreground is not logged.
  EXPECT_EQ(numbers.size(), size_t{kNumLossNumbers - 1});
  EXPECT_EQ(numbers.count(kernels::kForegroundRoisTerm), 0u);
}

TEST(LossTermsTest, TheSumIsOfWhatHasAFactor) {
  LossTerms terms;
  for (const int n :
       {kernels::kRpnLocTerm, kernels::kRpnClsTerm, kernels::kFcisLocTerm,
        kernels::kFcisClsTerm, kernels::kFcisMaskTerm}) {
    terms[n] = 1 << n;
  }
  const double sum = terms.sum();
  for (const double one : terms.numbers) EXPECT_LE(one, sum);
  terms[kernels::kRpnAccTerm] = terms[kernels::kFcisFgAccTerm] =
      terms[kWithoutRois] = 100;
  EXPECT_EQ(terms.sum(), sum);
  EXPECT_EQ(terms.sum(),
            (1 << kernels::kRpnLocTerm) + (1 << kernels::kRpnClsTerm) +
                (1 << kernels::kFcisLocTerm) + (1 << kernels::kFcisClsTerm) +
                (1 << kernels::kFcisMaskTerm));
}

TEST(LossTermsTest, FactorsAreTheRecipes) {
  LossConfig config;
  config.set_fcis_mask(10);
  config.set_rpn_loc(.25);
  EXPECT_EQ(FactorOf(kernels::kFcisMaskTerm, config), 10);
  EXPECT_EQ(FactorOf(kernels::kRpnLocTerm, config), .25f);
  for (const LossColumn& column : LossColumns()) {
    if (column.factor == nullptr) {
      EXPECT_EQ(FactorOf(column.number, config), 1) << column.name;
    }
  }
}

TEST(LossTermsTest, AddsEveryNumber) {
  LossTerms sum = SomeTerms();
  sum.Add(SomeTerms());
  for (int n = 0; n < kNumLossNumbers; ++n) EXPECT_EQ(sum[n], 2 * (n + 1));
}

TEST(LossTermsTest, NamesTheFirstNumberThatIsNotFinite) {
  LossTerms terms = SomeTerms();
  EXPECT_EQ(NotFinite(terms), "");
  terms[kernels::kFcisMaskTerm] = std::numeric_limits<double>::infinity();
  terms[kernels::kFcisClsAccTerm] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(NotFinite(terms), "fcis_mask_loss is inf");
}

}  // namespace
}  // namespace fcis::train
