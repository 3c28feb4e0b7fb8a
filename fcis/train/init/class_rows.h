// The score maps of a model, made to fit other classes than it was trained for.
#ifndef FCIS_TRAIN_INIT_CLASS_ROWS_H_
#define FCIS_TRAIN_INIT_CLASS_ROWS_H_

#include <map>
#include <string>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::train {

// Names of classes, in the order of the model that is made.
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

#endif  // FCIS_TRAIN_INIT_CLASS_ROWS_H_
