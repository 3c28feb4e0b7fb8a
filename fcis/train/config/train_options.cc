#include "fcis/train/config/train_options.h"

namespace fcis {

TrainNetworkOptions NetworkOptionsOf(const TrainConfig& config,
                                     Communicator* job) {
  TrainNetworkOptions options;
  options.frozen_stages = config.frozen_stages();
  options.train_beta = config.normalization() == TrainConfig::BIAS;
  if (config.normalization() == TrainConfig::BATCH) {
    options.normalisation = TrainNetworkOptions::kBatch;
  }
  const bool several = job != nullptr && job->size() > 1;
  if (several && config.shared_statistics()) options.batch_norm.shared = job;
  return options;
}

LossOptions LossOptionsOf(const TrainConfig& recipe, const ModelConfig& model) {
  const LossConfig& config = recipe.loss();
  LossOptions options;
  options.anchors.n_sample = config.anchor_samples();
  options.proposals.n_sample = config.roi_samples();
  options.proposals.fg_ratio = config.foreground_share();
  options.proposals.bg_iou_thresh_lo =
      static_cast<float>(config.background_iou_low());
  const HeadConfig& head = model.head();
  options.proposals.loc_std = {head.loc_std(0), head.loc_std(1),
                               head.loc_std(2), head.loc_std(3)};
  options.proposals.mask_size = head.roi_size();
  options.proposals.binary_thresh =
      static_cast<float>(model.postprocess().binary_thresh());
  options.rpn_loc = static_cast<float>(config.rpn_loc());
  options.rpn_cls = static_cast<float>(config.rpn_cls());
  options.fcis_loc = static_cast<float>(config.fcis_loc());
  options.fcis_cls = static_cast<float>(config.fcis_cls());
  options.fcis_mask = static_cast<float>(config.fcis_mask());
  options.mask_over_all_rois = config.mask_over_all_rois();
  options.proposals.whole_masks = config.whole_masks();
  options.rois_first = config.rois_first();
  options.ohem_rois = config.ohem_rois();
  options.anchors.learn_from_empty = recipe.data().empty_pictures();
  options.proposals.learn_from_empty = recipe.data().empty_pictures();
  return options;
}

OptimizerOptions OptimizerOptionsOf(const TrainConfig& config) {
  const OptimizerConfig& c = config.optimizer();
  OptimizerOptions options;
  options.kind = c.kind() == OptimizerConfig::ADAMW ? OptimizerOptions::kAdamW
                                                    : OptimizerOptions::kSgd;
  options.momentum = static_cast<float>(c.momentum());
  options.beta1 = static_cast<float>(c.beta1());
  options.beta2 = static_cast<float>(c.beta2());
  options.eps = static_cast<float>(c.eps());
  options.weight_decay = static_cast<float>(c.weight_decay());
  options.clip_norm = c.clip_norm();
  options.ema_decay = c.ema_decay();
  for (const auto& scale : c.layer_scales()) {
    options.layer_scales[scale.layer()] = static_cast<float>(scale.scale());
  }
  return options;
}

LossScale LossScaleOf(const OptimizerConfig& config, DType maps) {
  if (!config.has_loss_scale() && maps != DType::kF16) return LossScale();
  LossScaleOptions options;
  options.initial = static_cast<float>(config.loss_scale().initial());
  options.growth_interval = config.loss_scale().growth_interval();
  return LossScale(options);
}

Augmentation AugmentationOf(const TrainConfig& config) {
  const AugmentationConfig& c = config.augmentation();
  Augmentation a;
  a.flip = c.flip();
  a.scale_jitter_low = c.scale_jitter_low();
  a.scale_jitter_high = c.scale_jitter_high();
  a.copy_paste = c.copy_paste();
  a.paste_zoom_low = c.paste_zoom_low();
  a.channel_permutation = c.channel_permutation();
  a.mosaic = c.mosaic();
  a.color_jitter = c.color_jitter();
  a.truth.boxes_of_masks = config.ground_truth().boxes_of_masks();
  a.truth.smooth_masks = config.ground_truth().smooth_masks();
  return a;
}

}  // namespace fcis
