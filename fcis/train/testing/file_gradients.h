// Gradients of a network as the fixtures have them.
#ifndef FCIS_TRAIN_TESTING_FILE_GRADIENTS_H_
#define FCIS_TRAIN_TESTING_FILE_GRADIENTS_H_

#include <map>
#include <string>

#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/network/train_network.h"

namespace fcis::train {

// d loss / d parameter of every layer as files have them, also of the batch
// norms, which are frozen: their gradients follow from those of the folded
// convolution, with y = gamma (conv(x) - mean) / std + beta. weights: those
// that the network was made of.
std::map<std::string, Tensor> FileGradients(const TrainNetwork& network,
                                            const model::Weights& weights);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TESTING_FILE_GRADIENTS_H_
