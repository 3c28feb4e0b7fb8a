// Rows of a tensor, for comparison with fixtures that hold some of them.
#ifndef FCIS_MODEL_TESTING_ROWS_H_
#define FCIS_MODEL_TESTING_ROWS_H_

#include <vector>

#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

// Entries `index` of the first axis, f32.
Tensor SelectRows(const Tensor& t, const std::vector<int>& index);

}  // namespace fcis::model

#endif  // FCIS_MODEL_TESTING_ROWS_H_
