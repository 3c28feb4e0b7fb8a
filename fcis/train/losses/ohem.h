// Online hard example mining (Shrivastava et al., 2016, as msracver/FCIS has it
// in box_annotator_ohem.py): all RoIs are scored, those with the largest loss
// train.
#ifndef FCIS_TRAIN_LOSSES_OHEM_H_
#define FCIS_TRAIN_LOSSES_OHEM_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace fcis {

// Outputs and targets of n RoIs.
struct RoiOutputs {
  int classes = 0;                     // background included
  absl::Span<const float> scores;      // [n][classes]
  absl::Span<const float> boxes;       // [n][4]
  absl::Span<const float> mask_pairs;  // [n][cells][2]
  // 0 .. classes - 1; a RoI of 0 (background) has no box and no mask loss.
  absl::Span<const int> labels;
  absl::Span<const float> box_targets;    // [n][4]
  absl::Span<const int8_t> mask_targets;  // [n][cells]: 0, 1, -1 (ignored)
  float sigma = 1;                        // of smooth L1
  // Factors of the three losses.
  float class_weight = 1, box_weight = 1, mask_weight = 1;
};

// Of each RoI: weighted sum of its cross-entropy, the smooth L1 of its four
// values and the mean cross-entropy of all its cells (0 for ignored ones).
std::vector<double> RoiLosses(const RoiOutputs& rois);

// Indices of the n >= 0 largest losses, ascending; of equal losses the lower
// index goes first. All, if there are fewer. A loss that is not a number
// counts as the largest, so that it is seen.
std::vector<int> HardestRois(absl::Span<const double> losses, int n);

}  // namespace fcis

#endif  // FCIS_TRAIN_LOSSES_OHEM_H_
