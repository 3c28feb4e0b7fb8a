#include "fcis/train/trainer/timetable.h"

#include <algorithm>

namespace fcis::train {
namespace {

// Of `epochs`; at least one.
int64_t IterationsOf(double epochs, int64_t epoch_pictures, int64_t pictures) {
  const int64_t epoch = std::max<int64_t>(1, epoch_pictures / pictures);
  const auto whole = static_cast<int64_t>(epochs * static_cast<double>(epoch));
  return std::max<int64_t>(1, whole);
}

}  // namespace

Timetable::Timetable(const TrainerOptions& options, int64_t epoch_pictures,
                     int processes)
    : pictures_(int64_t{processes} * options.config.batch() *
                options.config.accumulate()),
      epoch_pictures_(epoch_pictures),
      schedule_(options.config.schedule(), pictures_, epoch_pictures,
                options.stretch),
      iterations_(options.max_iterations > 0 ? options.max_iterations
                                             : schedule_.iterations()),
      save_every_(options.checkpoint_every > 0
                      ? options.checkpoint_every
                      : IterationsOf(1, epoch_pictures, pictures_)),
      validate_every_(options.validate ? IterationsOf(options.validate_every,
                                                      epoch_pictures, pictures_)
                                       : 0) {}

double Timetable::EpochsAt(int64_t done) const {
  return static_cast<double>(done) * pictures_ / epoch_pictures_;
}

bool Timetable::SaveIsDue(int64_t done) const {
  return done == iterations_ || done % save_every_ == 0;
}

bool Timetable::ValidationIsDue(int64_t done) const {
  return validate_every_ > 0 && done > 0 &&
         (done == iterations_ || done % validate_every_ == 0);
}

int64_t Timetable::validations() const {
  return validate_every_ == 0 ? 0 : (iterations_ - 1) / validate_every_ + 1;
}

}  // namespace fcis::train
