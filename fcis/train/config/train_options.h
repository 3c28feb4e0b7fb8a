// From a checked TrainConfig to the options of libraries that do not know it,
// or need more than it.
#ifndef FCIS_TRAIN_CONFIG_TRAIN_OPTIONS_H_
#define FCIS_TRAIN_CONFIG_TRAIN_OPTIONS_H_

#include "fcis/core/comm/communicator.h"
#include "fcis/data/loader/sample_maker.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/optimizer/loss_scale.h"

namespace fcis::train {

// job: the processes that share statistics where the recipe says so; it
// outlives the network. Null: none are shared.
TrainNetworkOptions NetworkOptionsOf(const TrainConfig& config,
                                     Communicator* job = nullptr);
// maps: the type that feature maps and their gradients have.
LossScale LossScaleOf(const OptimizerConfig& config, DType maps);
data::Augmentation AugmentationOf(const TrainConfig& config);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_CONFIG_TRAIN_OPTIONS_H_
