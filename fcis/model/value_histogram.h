// How large the values of a map are, and where to clip them for 8 bits.
#ifndef FCIS_MODEL_VALUE_HISTOGRAM_H_
#define FCIS_MODEL_VALUE_HISTOGRAM_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace fcis::model {

// Counts magnitudes; zeros are no matter, for every code has one.
class ValueHistogram {
 public:
  // The values are finite.
  void Add(absl::Span<const float> values);

  // The largest magnitude; 0: there were only zeros.
  float largest() const { return largest_; }

  struct Clip {
    float clip = 0;  // 0: there were only zeros
    // The root of the mean squared error by that of the mean squared value.
    double error = 0;
  };
  // The clip from which `steps` equal steps down to 0 have the least squared
  // error: larger values are cut off, the others rounded.
  Clip BestClip(int steps) const;

 private:
  void Widen(float largest);

  std::vector<int64_t> counts_;  // of magnitudes up to range_, in equal bins
  double range_ = 0;
  float largest_ = 0;
};

}  // namespace fcis::model

#endif  // FCIS_MODEL_VALUE_HISTOGRAM_H_
