// The device and the model that a program's flags choose, ready to detect.
#ifndef FCIS_TOOLS_ENGINE_H_
#define FCIS_TOOLS_ENGINE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/detector.h"

namespace fcis::tools {

struct Engine {
  std::unique_ptr<kernels::Backend> backend;
  std::unique_ptr<model::Detector> detector;
};

// By the flags of model/cli and of model_source.h. Prints which model and which
// device it is to stdout. Errors: theirs; a GPU, at its first use, computes
// other answers than are known.
absl::StatusOr<Engine> EngineFromFlags();

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_ENGINE_H_
