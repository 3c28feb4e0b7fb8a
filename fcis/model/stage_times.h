// Where the time of one picture goes.
#ifndef FCIS_MODEL_STAGE_TIMES_H_
#define FCIS_MODEL_STAGE_TIMES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace fcis::model {

// One layer of the network, once.
struct LayerRun {
  // Of the sums and all that follows them, up to the next layer's: these add up
  // to the network's time, and never to more.
  double seconds = 0;
  // Of memory, at least: maps and weights once each, in the types that they
  // have.
  int64_t bytes_read = 0, bytes_written = 0;
  absl::string_view precision;  // what is multiplied: "f32", "bf16", "int8"
  absl::string_view algorithm;  // Convolution::AlgorithmFor
};

// Seconds spent on one picture, by stage. A GPU computes while the host goes
// on: what it is behind counts where the host waits for it, in proposals and
// voting.
struct StageTimes {
  double prepare = 0;    // resize, minus mean
  double network = 0;    // backbone, RPN and score-map convolutions
  double proposals = 0;  // decode, order, NMS
  double pooling = 0;    // PSROI of both iterations without masks, softmax
  double voting = 0;     // NMS by class, masks of the RoIs that vote, their sum

  int64_t rois = 0;  // that were pooled
  // Where not null: receives a LayerRun for each layer of the topology, in its
  // order. Without, no layer looks at a clock.
  std::vector<LayerRun>* layers = nullptr;
};

}  // namespace fcis::model

#endif  // FCIS_MODEL_STAGE_TIMES_H_
