// The weights that a training run begins with.
#ifndef FCIS_TRAIN_INIT_INITIAL_WEIGHTS_H_
#define FCIS_TRAIN_INIT_INITIAL_WEIGHTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/weights.h"

namespace fcis::train {

// Kernels of RPN and head.
enum class HeadInit {
  kReference,  // all normal with deviation 0.01
  kHe,         // those before a ReLU as in the backbone
};

// Random weights, the same for the same seed. Kernels of the backbone: normal
// with variance 2 / (in kh kw) (He et al., 2015), which keeps the scale of what
// passes a ReLU. Pixels are far from 1: the stem's norm must bring them there
// (calibrate.h, or statistics that are learned); were its kernel small instead,
// AdamW, whose steps are of one size for all, would undo it at once. Biases
// and betas 0, variances and gammas 1 (batch norms that do nothing), but the
// gamma of a block's last one 1 / sqrt(blocks), so that the sum over all blocks
// keeps its scale.
model::Weights ScratchWeights(const ModelConfig& config, uint64_t seed,
                              HeadInit heads = HeadInit::kHe);

// Takes over every tensor of `from` that `weights` has in the same shape.
struct TakenOver {
  int taken = 0;
  // "head/psroi_conv2/W 7938x1024x1x1, expected 882x1024x1x1": there, but
  // misshapen.
  std::vector<std::string> dropped;
  std::vector<std::string> unknown;  // no such tensor in the model
  std::vector<std::string> missing;  // the model's, that stay as they were
};
TakenOver TakeOver(const std::map<std::string, Tensor>& from,
                   model::Weights* weights);

// What became of the classes of a model whose score maps were made to fit
// others, by name, in the order of the model that is made.
struct ClassRows {
  std::vector<std::string> kept;     // of the same name, whatever its case
  std::vector<std::string> derived;  // from the mean of all that were there
};

// `tensors`: those of a model of `from`. head/psroi_conv2 gets the background's
// maps, and for each class of `to` those of the class of that name, or else the
// mean over the classes of `from`: "some object" is a better beginning than
// noise. Both lists are empty, and nothing is changed, when the classes are
// the same or the tensors are not of `from`'s shape.
ClassRows FitClassRows(const ModelConfig& from, const ModelConfig& to,
                       std::map<std::string, Tensor>* tensors);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_INIT_INITIAL_WEIGHTS_H_
