#include "fcis/train/config/train_options.h"

namespace fcis::train {

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

LossScale LossScaleOf(const OptimizerConfig& config, DType maps) {
  if (!config.has_loss_scale() && maps != DType::kF16) return LossScale();
  return LossScale(config.loss_scale());
}

data::Augmentation AugmentationOf(const TrainConfig& config) {
  const AugmentationConfig& c = config.augmentation();
  data::Augmentation a;
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

}  // namespace fcis::train
