#include "fcis/tools/engine.h"

#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/eval/predict/model_source.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"

#if defined(FCIS_CUDA)
#include "fcis/tools/selftest.h"
#endif

namespace fcis::tools {
namespace {

// Drivers, libraries and GPUs come in combinations that nobody has tried: the
// first use of one computes known answers. The CPU is what this was built on.
absl::Status TestNewDevice([[maybe_unused]] const kernels::Backend& backend) {
#if defined(FCIS_CUDA)
  if (backend.name() != "cuda") return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool ran,
                   SelfTestOnce("cuda", ResolvePath("~/.cache/fcis/cuda")));
  if (ran) absl::PrintF("first use of the GPU: known answers came out right\n");
#endif
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Engine> EngineFromFlags() {
  Engine engine;
  ASSIGN_OR_RETURN(engine.backend, model::BackendFromFlags());
  RETURN_IF_ERROR(TestNewDevice(*engine.backend));
  ASSIGN_OR_RETURN(model::ModelChoice choice, eval::ModelFromFlags());
  PrintLine(stdout, choice.statement);
  RETURN_IF_ERROR(model::ApplyModelFlags(&choice.weights.config));
  const std::string precision =
      model::SettlePrecision(*engine.backend, &choice.weights);
  ASSIGN_OR_RETURN(
      engine.detector,
      model::Detector::Create(std::move(choice.weights), engine.backend.get()));
  absl::PrintF("device: %s, %s, %d threads\n", engine.backend->name(),
               precision, NumThreads());
  std::fflush(stdout);
  return engine;
}

}  // namespace fcis::tools
