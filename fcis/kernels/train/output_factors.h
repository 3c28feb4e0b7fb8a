// Which output channel each element of a stored weight belongs to, whatever
// the backend's layout: what one factor per output channel (a folded batch
// norm) means for elementwise loops over weights and gradients.
#ifndef FCIS_KERNELS_TRAIN_OUTPUT_FACTORS_H_
#define FCIS_KERNELS_TRAIN_OUTPUT_FACTORS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace fcis::kernels {

// A stored weight is a row of segments of equal length; `output(segment, i)`
// of element i is first_output[segment] + pattern[i]. Elements whose output is
// not below the number of factors are padding, with factor 0.
class OutputFactors {
 public:
  // Every factor is 1.
  explicit OutputFactors(int64_t size) : size_(size) {}
  OutputFactors(absl::Span<const float> factors,
                const std::vector<int32_t>& pattern,
                const std::vector<int32_t>& first_output);
  // Of a weight whose elements lie output after output, without padding, as
  // [out,in,kh,kw] and [out,kh,kw,in]. factors: one per output, or empty: 1.
  static OutputFactors OutputsFirst(int64_t num_elements, int64_t outputs,
                                    absl::Span<const float> factors);

  int64_t size() const { return size_; }
  bool all_one() const { return tiles_.empty(); }
  // Elements of one segment.
  int64_t segment() const { return segment_; }
  // The factors of the elements of a segment; not all_one().
  const float* of_segment(int64_t index) const {
    return tiles_.data() + tile_[index] * segment_;
  }

  // to[i] = factor of i * from[i]; from and to: size() elements, may be equal.
  void Apply(const float* from, float* to) const;

 private:
  int64_t size_;
  int64_t segment_ = 0;
  std::vector<float> tiles_;  // one segment's factors per distinct first output
  std::vector<int32_t> tile_;  // of each segment
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_OUTPUT_FACTORS_H_
