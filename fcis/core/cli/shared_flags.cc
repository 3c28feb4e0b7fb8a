#include "fcis/core/cli/shared_flags.h"

#include "absl/flags/flag.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/suggest.h"

ABSL_FLAG(std::string, config, "", "A configuration, by name or file.");
ABSL_FLAG(int64_t, deterministic_seed, 1,
          "Seed of the formula that makes the weights of --preset.");
ABSL_FLAG(std::optional<int>, height, std::nullopt, "Height in pixels.");
ABSL_FLAG(std::string, imgdir, "", "A directory of pictures.");
ABSL_FLAG(bool, list, false, "List what there is.");
ABSL_FLAG(std::string, out, "", "Where the results go.");
ABSL_FLAG(std::string, output_json, "",
          "Also write the results to this file, as JSON.");
ABSL_FLAG(std::string, preset, "",
          "Instead of a model file: a model by name, with deterministic "
          "weights.");
ABSL_FLAG(int, repeats, 5, "Timed runs, after one that is not timed.");
ABSL_FLAG(uint64_t, seed, 0, "Seed of all that is drawn at random.");
ABSL_FLAG(int, threads, 0,
          "CPU threads; 0 is OMP_NUM_THREADS, else one per available core "
          "(affinity, cgroup quota), which processes that mpiexec started on a "
          "machine share.");
ABSL_FLAG(std::optional<int>, width, std::nullopt, "Width in pixels.");

namespace fcis {

absl::Status CheckThreadsFlag() { return CheckAtLeast(FLAGS_threads, 0); }

absl::Status SetThreadsFromFlag() {
  RETURN_IF_ERROR(CheckThreadsFlag());
  SetNumThreads(absl::GetFlag(FLAGS_threads));
  return absl::OkStatus();
}

}  // namespace fcis
