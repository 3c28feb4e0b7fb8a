// A model's weights, known by their content.
#ifndef FCIS_MODEL_WEIGHTS_WEIGHTS_DIGEST_H_
#define FCIS_MODEL_WEIGHTS_WEIGHTS_DIGEST_H_

#include <string>

#include "fcis/model/weights/weights.h"

namespace fcis::model {

// SHA-256 of the tensors' names, shapes and elements, and of the scales of what
// is quantised, in hex: the same for one
// model in two file formats. Neither the config nor the source counts.
std::string WeightsDigest(const Weights& weights);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_WEIGHTS_DIGEST_H_
