#include "fcis/model/detector.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/memory_limit.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/image/prepare.h"
#include "fcis/kernels/ops/propose.h"
#include "fcis/model/topology.h"

namespace fcis::model {
namespace {

// Whether two cores do more with a picture each than with one together. Of two
// (AMX, bf16) the preset photos at 576x768, 34 GFLOP, takes 24 ms together and
// 40 ms alone, at four times the pixels 90 and 175 ms: then a picture for each
// of them only costs memory.
bool IsSmall(const Topology& topology, const InputConfig& input) {
  constexpr double kMostFlops = 60e9;
  const absl::StatusOr<double> flops =
      FlopsOf(topology, input.min_size(), input.max_size());
  return flops.ok() && *flops <= kMostFlops;
}

// Of what runs the network the certain part: kernels as the backend multiplies
// them, and what the network makes of one picture with equal sides.
absl::Status CheckRoom(const Weights& weights, const Topology& topology,
                       const kernels::Backend& backend) {
  if (backend.device() != Device::kHost) return absl::OkStatus();
  const DType type = backend.activation_type();
  const bool int8 = PrecisionOf(weights, backend) == "int8";
  int64_t kernels = 0;
  for (const ConvSpec& layer : topology.layers) {
    const Tensor& kernel = weights.tensors.at(layer.name + "/W");
    kernels += kernel.num_elements() * (int8 ? 1 : DTypeSize(type));
    // Each in its turn makes room.
    if (kernel.IsSoleOwner()) kernels -= kernel.num_bytes();
  }
  kernels = std::max<int64_t>(0, kernels);
  const int64_t side = weights.config.input().min_size();
  const auto shapes =
      ShapesOf(topology, {1, side, side, topology.layers[0].in});
  int64_t maps = 0;
  for (const int output : topology.outputs) {
    if (!shapes.ok()) continue;
    maps +=
        (*shapes)[static_cast<size_t>(output)].num_elements() * DTypeSize(type);
  }
  return CheckMemory(
      kernels + maps, FindMemoryLeft(),
      absl::StrCat(weights.source, " takes at least ",
                   MemoryText(kernels + maps), " (weights ",
                   MemoryText(kernels), ", maps of a picture of ", side, "x",
                   side, " pixels ", MemoryText(maps), ")"),
      "; a smaller model or input, or fewer bits (--precision) take less");
}

}  // namespace

Detector::Detector(const ModelConfig& config, kernels::Backend* backend,
                   Network layers)
    : config_(config),
      backend_(backend),
      layers_(std::move(layers)),
      head_(config.head(), backend) {}

absl::StatusOr<std::unique_ptr<Detector>> Detector::Create(
    Weights weights, kernels::Backend* backend) {
  RETURN_IF_ERROR(CheckWeights(weights));
  if (backend->precision() == "int8" && weights.int8.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        weights.source,
        ": expected a model in 8 bits, which quantize makes of this one, or "
        "another --precision"));
  }
  const ModelConfig config = weights.config;
  const Topology topology = TopologyOf(config);
  RETURN_IF_ERROR(CheckRoom(weights, topology, *backend));
  ASSIGN_OR_RETURN(
      Network layers,
      Network::Create(topology, topology.outputs, std::move(weights), backend));
  std::unique_ptr<Detector> detector(
      new Detector(config, backend, std::move(layers)));
  detector->small_ = IsSmall(topology, config.input());
  return detector;
}

int Detector::PicturesAtOnce() const {
  return small_ && backend_->concurrent() ? NumThreads() : 1;
}

absl::StatusOr<Detector::Maps> Detector::RunNetwork(
    Tensor prepared, const StageObserver& observer,
    std::vector<LayerRun>* layers) const {
  std::array<Tensor, kNetworkOutputs> maps;
  RETURN_IF_ERROR(layers_.RunInto(std::move(prepared), observer,
                                  absl::MakeSpan(maps), layers));
  const RpnMaps rpn = {maps[kRpnScores], maps[kRpnDeltas]};
  RETURN_IF_ERROR(ObserveRpn(observer, rpn, backend_));
  return Maps{rpn, {maps[kScoreMaps], maps[kBoxMaps]}};
}

absl::StatusOr<std::vector<Detection>> Detector::Detect(
    const Image& image, const PostprocessConfig& options,
    const StageObserver& observer, StageTimes* times) const {
  StageTimes unused;
  if (times == nullptr) times = &unused;
  Stopwatch watch;
  ASSIGN_OR_RETURN(Tensor prepared, Prepare(image, config_.input()));
  const int height = static_cast<int>(prepared.dim(1));
  const int width = static_cast<int>(prepared.dim(2));
  const PreparedSize size =
      SizeToPrepare(image.height, image.width, config_.input());
  const bool by_width = config_.rpn().min_size_ratio() == RpnConfig::WIDTH;
  times->prepare += watch.Lap();
  RETURN_IF_ERROR(ObserveMap(observer, "prepared", prepared, backend_));

  ASSIGN_OR_RETURN(const Maps maps,
                   RunNetwork(std::move(prepared), observer, times->layers));
  times->network += watch.Lap();
  ASSIGN_OR_RETURN(
      const RecycledVector<Box> rois,
      kernels::ops::Propose(
          *backend_,
          ProposeParamsOf(config_.rpn(), height, width,
                          by_width ? size.width_scale : size.scale),
          maps.rpn.scores, maps.rpn.deltas));
  times->proposals += watch.Lap();
  ObserveBoxes(observer, "rois_rpn", rois);
  if (rois.empty()) return std::vector<Detection>();

  ASSIGN_OR_RETURN(
      const FcisHead::Output output,
      head_.Pool(maps.head, rois, height, width, options.iter2(), observer));
  times->pooling += watch.Lap();
  times->rois = output.rois.dim(0);
  // chainercv divides by the ratio of the widths.
  const double back = options.voting_rule() == PostprocessConfig::CHAINERCV
                          ? size.width_scale
                          : size.scale;
  const auto masks = [&](absl::Span<const int> some) {
    return head_.Masks(maps.head, output, some);
  };
  ASSIGN_OR_RETURN(std::vector<Detection> detections,
                   Postprocess(*backend_, output, masks, image.height,
                               image.width, back, options));
  times->voting += watch.Lap();
  return detections;
}

absl::StatusOr<std::vector<Detection>> Postprocess(
    kernels::Backend& backend, const FcisHead::Output& output,
    kernels::RoiMasks masks, int height, int width, double scale,
    const PostprocessConfig& wanted) {
  const double lower = wanted.lower_scores();
  PostprocessConfig config = wanted;
  // Of the network's scores.
  config.set_score_thresh(LoweredScore(wanted.score_thresh(), -lower));
  kernels::VoteParams params = VoteParamsOf(config);
  params.height = height;
  params.width = width;
  params.scale = static_cast<float>(scale);
  const float drop = static_cast<float>(config.min_drop_size());
  // chainercv drops small RoIs before voting, by their prepared size.
  const bool chainercv = config.voting_rule() == PostprocessConfig::CHAINERCV;
  if (chainercv) params.min_side = drop;
  ASSIGN_OR_RETURN(
      std::vector<Detection> detections,
      (config.mask_voting() ? MaskVoting : BestClassPerRoi)(
          backend, params, output.rois, output.class_probs, masks));
  if (!chainercv) {
    detections.erase(std::remove_if(detections.begin(), detections.end(),
                                    [drop](const Detection& d) {
                                      return !(d.box.height() > drop &&
                                               d.box.width() > drop);
                                    }),
                     detections.end());
  }
  for (Detection& d : detections) {
    d.score = static_cast<float>(LoweredScore(d.score, lower));
  }
  return detections;
}

}  // namespace fcis::model
