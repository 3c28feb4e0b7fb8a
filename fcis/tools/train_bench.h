// Times training steps on a made-up picture.
#ifndef FCIS_TOOLS_TRAIN_BENCH_H_
#define FCIS_TOOLS_TRAIN_BENCH_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/tools/bench.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::tools {

struct TrainBenchResult {
  // Of whole steps: forward, targets, pooling, losses, backward, update; one
  // per repeat.
  std::vector<double> seconds;
  double update_s = 0;  // of these, the update: median
  double loss = 0;      // of the last step
  double peak_rss_mib = 0;
};

// `batch` pictures of the recipe, all alike and of the network's input size.
absl::StatusOr<TrainBenchResult> RunTrainBench(const TrainConfig& recipe,
                                               ModelConfig model,
                                               const BenchOptions& options,
                                               kernels::TrainBackend* backend);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_TRAIN_BENCH_H_
