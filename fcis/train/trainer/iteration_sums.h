// What the processes of a job add up about one iteration.
#ifndef FCIS_TRAIN_TRAINER_ITERATION_SUMS_H_
#define FCIS_TRAIN_TRAINER_ITERATION_SUMS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/train/step/picture_loss.h"

namespace fcis {

// The terms by the reference's names, in its order.
std::vector<std::pair<std::string, double>> NamedTerms(const LossTerms& terms);

// Names the first term that is not finite; "" if all are.
std::string NotFinite(const LossTerms& terms);

struct IterationSums {
  LossTerms terms;
  bool stop = false;  // somebody was asked to

  // Those of all processes, which all must call it.
  absl::Status AddUp(Communicator* job);
};

}  // namespace fcis

#endif  // FCIS_TRAIN_TRAINER_ITERATION_SUMS_H_
