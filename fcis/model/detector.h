// Detector: picture in, instances out. The only door to the model for demo,
// evaluation and inspection.
#ifndef FCIS_MODEL_DETECTOR_H_
#define FCIS_MODEL_DETECTOR_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

struct Detection {
  int label = 0;    // 1 .. number of classes; index into config.classes() + 1
  float score = 0;  // (0, 1]
  Box box;          // pixels of the original picture
  Tensor
      mask;  // f32 [m, m], probabilities over the box; may exceed 1 by rounding
};

// Called with every intermediate tensor under the name that FIXTURES.md uses,
// in that file's layout (NCHW, yxyx); costs time only when set.
using StageObserver =
    std::function<void(absl::string_view name, const Tensor& tensor)>;

// Seconds spent, for one picture.
struct StageTimes {
  double prepare = 0, network = 0, proposals = 0, pooling = 0, voting = 0;
};

class Detector {
 public:
  // Folds, reorders and keeps what it needs of `weights`; `backend` must
  // outlive the detector. Errors: CheckWeights.
  static absl::StatusOr<std::unique_ptr<Detector>> Create(
      const Weights& weights, Backend* backend);

  virtual ~Detector() = default;

  virtual const ModelConfig& config() const = 0;

  // Instances by class, then descending score (mask voting); empty when no RoI
  // survives. Not thread-safe: one call at a time. `options` replaces the
  // config's post-processing values. An empty picture is an error.
  virtual absl::StatusOr<std::vector<Detection>> Detect(
      const Image& image, const PostprocessConfig& options,
      const StageObserver& observer = nullptr, StageTimes* times = nullptr) = 0;
};

}  // namespace fcis

#endif  // FCIS_MODEL_DETECTOR_H_
