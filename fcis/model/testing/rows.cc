#include "fcis/model/testing/rows.h"

#include <algorithm>

namespace fcis::model {

Tensor SelectRows(const Tensor& t, const std::vector<int>& index) {
  std::vector<int64_t> extents(t.shape().extents().begin(),
                               t.shape().extents().end());
  const int64_t size = t.num_elements() / extents[0];
  extents[0] = static_cast<int64_t>(index.size());
  Tensor out(*Shape::FromExtents(extents));
  float* to = out.mutable_data<float>();
  for (const int i : index) {
    to = std::copy_n(t.data<float>() + i * size, size, to);
  }
  return out;
}

}  // namespace fcis::model
