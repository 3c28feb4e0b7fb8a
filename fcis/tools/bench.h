// Times the detector, stage by stage, on a made-up picture.
#ifndef FCIS_TOOLS_BENCH_H_
#define FCIS_TOOLS_BENCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/weights/weights.h"

namespace fcis::tools {

struct BenchOptions {
  // Of the picture and of the network's input; 0, both: what the model makes of
  // a picture of 640x480.
  int height = 0, width = 0;
  int repeats = 5;       // >= 1, after one that is not counted
  bool profile = false;  // each layer is timed, too
};

// The stage of BenchResult::stages that the layers are parts of.
inline constexpr char kNetworkStage[] = "network";

// Seconds of one stage, one per repeat. bytes: of memory, that it reads and
// writes at least (each map, picture and mask once); 0 of the network, whose
// layers have theirs.
struct BenchStage {
  std::string name;
  std::vector<double> seconds;
  double bytes = 0;
};

// One layer of the topology; the fields are model::LayerRun's.
struct BenchLayer {
  std::string name, precision, algorithm;
  double gflop = 0;  // of direct sums, whatever the algorithm
  double bytes = 0;
  std::vector<double> seconds;  // one per repeat
};

struct BenchResult {
  int height = 0, width = 0;  // of the picture
  std::string precision;      // model::PrecisionOf
  std::vector<BenchStage> stages;
  std::vector<BenchLayer> layers;  // under BenchOptions::profile
  int detections = 0;
  double gflop = 0;         // of the network's convolutions
  double load_seconds = 0;  // weights folded and put into the backend's layout
  double peak_rss_mib = 0;  // of this process so far
};

// Of --height, --width and --repeats; height and width are 0 when neither is
// given. A UsageError: one without the other, or a side below `least_side`.
absl::StatusOr<BenchOptions> BenchOptionsFromFlags(int least_side);

// The middle value; the mean of the two middle ones; 0 for none.
double Median(std::vector<double> values);

// Decodes the synthetic picture from JPEG, runs the detector with its config's
// thresholds and pastes what it finds. The sizes in the config's input are
// replaced, so that nothing is scaled.
absl::StatusOr<BenchResult> RunBench(model::Weights weights,
                                     const BenchOptions& options,
                                     kernels::Backend* backend);

// One JSON object: what was run, "network_s" (median), "around_network_s" (the
// other stages' medians added), "stages" (name -> median_s and min_s), ...
std::string BenchJson(const ModelConfig& config,
                      const kernels::Backend& backend, int threads,
                      const BenchResult& result);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_BENCH_H_
