#include "fcis/model/detector.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/image/prepare.h"

namespace fcis {
namespace {

// Adds the time since the last lap to a stage.
class Laps {
 public:
  void Into(double* seconds) {
    const auto now = std::chrono::steady_clock::now();
    *seconds += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  std::chrono::steady_clock::time_point last_ =
      std::chrono::steady_clock::now();
};

// Keeps the RoIs at `rows`.
RoiPredictions Select(const RoiPredictions& p, const std::vector<int>& rows) {
  const int64_t n = rows.size();
  const auto rows_of = [&](const Tensor& t, const Shape& shape) {
    Tensor out(shape);
    const int64_t size = t.num_elements() / t.dim(0);
    float* to = out.mutable_data<float>();
    for (const int r : rows) {
      to = std::copy_n(t.data<float>() + r * size, size, to);
    }
    return out;
  };
  RoiPredictions kept;
  for (const int r : rows) kept.boxes.push_back(p.boxes[r]);
  kept.mask_probs =
      rows_of(p.mask_probs, {n, p.mask_probs.dim(1), p.mask_probs.dim(2)});
  kept.class_probs = rows_of(p.class_probs, {n, p.class_probs.dim(1)});
  kept.height = p.height;
  kept.width = p.width;
  return kept;
}

}  // namespace

Detector::Detector(const ModelConfig& config, Backend* backend, ResNet resnet,
                   Rpn rpn, FcisHead head)
    : config_(config),
      backend_(backend),
      resnet_(std::move(resnet)),
      rpn_(std::move(rpn)),
      head_(std::move(head)),
      network_(backend->Repeat(
          [this](Tensor prepared) -> absl::StatusOr<std::vector<Tensor>> {
            ASSIGN_OR_RETURN(const Maps maps,
                             RunLayers(std::move(prepared), nullptr));
            return std::vector<Tensor>{maps.rpn.scores, maps.rpn.deltas,
                                       maps.head.scores, maps.head.boxes};
          })) {}

absl::StatusOr<std::unique_ptr<Detector>> Detector::Create(
    const Weights& weights, Backend* backend) {
  RETURN_IF_ERROR(CheckWeights(weights));
  ASSIGN_OR_RETURN(ResNet resnet, ResNet::Create(weights, backend));
  ASSIGN_OR_RETURN(Rpn rpn, Rpn::Create(weights, backend));
  ASSIGN_OR_RETURN(FcisHead head, FcisHead::Create(weights, backend));
  return std::unique_ptr<Detector>(
      new Detector(weights.config, backend, std::move(resnet), std::move(rpn),
                   std::move(head)));
}

absl::StatusOr<Detector::Maps> Detector::RunNetwork(
    Tensor prepared, const StageObserver& observer) const {
  if (observer) return RunLayers(std::move(prepared), observer);
  ASSIGN_OR_RETURN(const std::vector<Tensor> maps,
                   network_->Run(std::move(prepared)));
  return Maps{{maps[0], maps[1]}, {maps[2], maps[3]}};
}

absl::StatusOr<Detector::Maps> Detector::RunLayers(
    Tensor prepared, const StageObserver& observer) const {
  ASSIGN_OR_RETURN(ResNet::Features features,
                   resnet_.Run(std::move(prepared), observer));
  Maps maps;
  ASSIGN_OR_RETURN(maps.rpn, rpn_.Run(features.res4, observer));
  ASSIGN_OR_RETURN(maps.head, head_.Run(features.res5, observer));
  return maps;
}

absl::StatusOr<std::vector<Detection>> Detector::Detect(
    const Image& image, const PostprocessConfig& options,
    const StageObserver& observer, StageTimes* times) const {
  StageTimes unused;
  if (times == nullptr) times = &unused;
  Laps laps;
  ASSIGN_OR_RETURN(Tensor prepared, Prepare(image, config_.input()));
  const int height = static_cast<int>(prepared.dim(1));
  const int width = static_cast<int>(prepared.dim(2));
  const double scale =
      SizeToPrepare(image.height, image.width, config_.input()).scale;
  laps.Into(&times->prepare);
  RETURN_IF_ERROR(ObserveMap(observer, "prepared", prepared, backend_));

  ASSIGN_OR_RETURN(const Maps maps, RunNetwork(std::move(prepared), observer));
  laps.Into(&times->network);
  ASSIGN_OR_RETURN(const std::vector<Box> rois,
                   rpn_.Propose(maps.rpn, height, width, scale));
  laps.Into(&times->proposals);
  ObserveBoxes(observer, "rois_rpn", rois);
  if (rois.empty()) return std::vector<Detection>();

  ASSIGN_OR_RETURN(
      const FcisHead::Output output,
      head_.Pool(maps.head, rois, height, width, options.iter2(), observer));
  laps.Into(&times->pooling);
  // chainercv divides by the ratio of the widths.
  const double back = options.voting_rule() == PostprocessConfig::CHAINERCV
                          ? static_cast<double>(width) / image.width
                          : scale;
  std::vector<Detection> detections =
      Postprocess(output, image.height, image.width, back, options);
  laps.Into(&times->voting);
  return detections;
}

std::vector<Detection> Postprocess(const FcisHead::Output& output, int height,
                                   int width, double scale,
                                   const PostprocessConfig& config) {
  RoiPredictions p;
  p.mask_probs = output.mask_probs;
  p.class_probs = output.class_probs;
  p.height = height;
  p.width = width;
  const float s = static_cast<float>(scale);
  for (const Box& b : output.rois) {
    p.boxes.push_back(ClipBox({b.x0 / s, b.y0 / s, b.x1 / s, b.y1 / s},
                              static_cast<float>(width),
                              static_cast<float>(height)));
  }
  const float drop = static_cast<float>(config.min_drop_size());
  // chainercv drops small RoIs before voting, by their prepared size.
  const bool chainercv = config.voting_rule() == PostprocessConfig::CHAINERCV;
  if (chainercv) {
    std::vector<int> large;
    for (size_t r = 0; r < output.rois.size(); ++r) {
      const Box& b = output.rois[r];
      if (b.height() >= drop && b.width() >= drop) {
        large.push_back(static_cast<int>(r));
      }
    }
    p = Select(p, large);
  }
  std::vector<Detection> detections =
      config.mask_voting()
          ? MaskVoting(p, config)
          : BestClassPerRoi(p, static_cast<float>(config.score_thresh()));
  if (!chainercv) {
    detections.erase(std::remove_if(detections.begin(), detections.end(),
                                    [drop](const Detection& d) {
                                      return !(d.box.height() > drop &&
                                               d.box.width() > drop);
                                    }),
                     detections.end());
  }
  return detections;
}

}  // namespace fcis
