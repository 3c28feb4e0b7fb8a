// The terms of the loss. A term stands here once, as a row of LossColumns():
// its place among the numbers of a picture, its name in the log and its factor
// in a recipe; all that is done with terms goes over these rows.
#ifndef FCIS_TRAIN_STEP_LOSS_TERMS_H_
#define FCIS_TRAIN_STEP_LOSS_TERMS_H_

#include <array>
#include <string>

#include "absl/types/span.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::train {

// Pictures in which terms had nothing to say and are 0, where the reference
// fails: no anchor inside or no object, no RoI sampled, no foreground RoI. They
// are numbered behind LossTerm.
enum Lack {
  kWithoutAnchors = kernels::kNumLossTerms,
  kWithoutRois,
  kWithoutForeground,
  kNumLossNumbers,
};

struct LossColumn {
  int number;        // LossTerm or Lack
  const char* name;  // in the log; the reference's
  // Factor of a term of the sum; null: no term of the sum.
  double (LossConfig::*factor)() const;
};

inline bool IsLack(const LossColumn& column) {
  return column.number >= kernels::kNumLossTerms;
}

// In the order of the log.
absl::Span<const LossColumn> LossColumns();

// The factor of a number, as it is computed with; 1 without one.
float FactorOf(int number, const LossConfig& config);

// What is known of the loss of some pictures: terms as they enter the sum,
// factors included, and shares of anchors and RoIs that have the right class,
// all means over pictures; and how many pictures lack what.
struct LossTerms {
  std::array<double, kNumLossNumbers> numbers = {};

  double operator[](int number) const {
    return numbers[static_cast<size_t>(number)];
  }
  double& operator[](int number) {
    return numbers[static_cast<size_t>(number)];
  }
  double sum() const;
  void Add(const LossTerms& other);
};

// Names the first number that is not finite; "" if all are.
std::string NotFinite(const LossTerms& terms);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_STEP_LOSS_TERMS_H_
