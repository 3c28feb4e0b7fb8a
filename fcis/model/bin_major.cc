#include "fcis/model/bin_major.h"

#include <algorithm>

#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::model {
namespace {

Tensor Permuted(const Tensor& t, int group_size, bool to_bin_major) {
  Tensor out(t.shape(), t.type());
  const int depth =
      static_cast<int>(t.dim(0) / (int64_t{group_size} * group_size));
  const int64_t row = t.num_bytes() / t.dim(0);
  for (int gh = 0; gh < group_size; ++gh) {
    for (int gw = 0; gw < group_size; ++gw) {
      for (int d = 0; d < depth; ++d) {
        int64_t from = kernels::PsroiReferenceChannel(group_size, gh, gw, d);
        int64_t to = kernels::PsroiChannel(group_size, depth, gh, gw, d);
        if (!to_bin_major) std::swap(from, to);
        std::copy_n(static_cast<const char*>(t.raw()) + row * from, row,
                    static_cast<char*>(out.mutable_raw()) + row * to);
      }
    }
  }
  return out;
}

}  // namespace

Tensor BinMajorRows(const Tensor& reference, int group_size) {
  return Permuted(reference, group_size, true);
}

Tensor ReferenceRows(const Tensor& bin_major, int group_size) {
  return Permuted(bin_major, group_size, false);
}

}  // namespace fcis::model
