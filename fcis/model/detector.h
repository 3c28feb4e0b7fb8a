// Detector: picture in, instances out. The only door to the model for demo,
// evaluation and inspection.
#ifndef FCIS_MODEL_DETECTOR_H_
#define FCIS_MODEL_DETECTOR_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/detection.h"
#include "fcis/model/fcis_head.h"
#include "fcis/model/mask_voting.h"
#include "fcis/model/network.h"
#include "fcis/model/rpn.h"
#include "fcis/model/stage_observer.h"
#include "fcis/model/stage_times.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

class Detector {
 public:
  // Folds and reorders the weights, in their memory if they are handed over
  // with std::move; `backend` must outlive the detector. Errors: CheckWeights;
  // a backend of precision "int8" for a model that is not quantised; less
  // memory than it surely needs (CheckMemory).
  static absl::StatusOr<std::unique_ptr<Detector>> Create(
      Weights weights, kernels::Backend* backend);

  // The model's own numbers; its postprocess() is the default for Detect.
  const ModelConfig& config() const { return config_; }

  // Instances by class, then descending score (with mask voting); none when no
  // RoI survives. Calls at the same time: as of the backend (concurrent()).
  // Errors: an empty picture.
  absl::StatusOr<std::vector<Detection>> Detect(
      const Image& image, const PostprocessConfig& options,
      const StageObserver& observer = nullptr,
      StageTimes* times = nullptr) const;

  // How many pictures are best detected at once, each by a thread of its own in
  // a SerialScope (RunSideBySide): NumThreads() for a small network on a
  // backend that is concurrent(), else 1. All share the weights.
  int PicturesAtOnce() const;

  // The network alone on a prepared picture, f32 [1,H,W,3]. layers: as
  // StageTimes::layers.
  struct Maps {
    RpnMaps rpn;
    FcisHead::Maps head;
  };
  absl::StatusOr<Maps> RunNetwork(
      Tensor prepared, const StageObserver& observer,
      std::vector<LayerRun>* layers = nullptr) const;
  const FcisHead& head() const { return head_; }

 private:
  Detector(const ModelConfig& config, kernels::Backend* backend,
           Network layers);
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  ModelConfig config_;
  kernels::Backend* backend_;
  const Network layers_;
  const FcisHead head_;
  bool small_ = false;  // the network
};

// From pooled RoIs to instances: boxes back to the original picture, voting
// (or not), small boxes dropped. masks: FcisHead::Masks; `scale`: prepared /
// original size.
absl::StatusOr<std::vector<Detection>> Postprocess(
    kernels::Backend& backend, const FcisHead::Output& output,
    kernels::RoiMasks masks, int height, int width, double scale,
    const PostprocessConfig& config);

}  // namespace fcis::model

#endif  // FCIS_MODEL_DETECTOR_H_
