// Folds and packs the weights of a convolution for a pass in bf16: one walk
// from the stored f32 to a layout of oneDNN's, where a fold and a reorder
// would be two, with the folded f32 in memory between them.
#ifndef FCIS_KERNELS_CPU_PACK_WEIGHTS_H_
#define FCIS_KERNELS_CPU_PACK_WEIGHTS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "dnnl.hpp"

namespace fcis::kernels {

// From one layout to another; thread-safe.
class WeightPacking {
 public:
  // Whether `packed` is a layout that Run can write: bf16 whose innermost
  // block is two of one channel axis, inside a block of the other.
  static bool Fits(const dnnl::memory::desc& stored,
                   const dnnl::memory::desc& packed);

  // Both of one kernel (O,I,KH,KW); they fit.
  WeightPacking(const dnnl::memory::desc& stored,
                const dnnl::memory::desc& packed);

  // to = bf16(factors[output] * from), nearest, ties to even. factors: one per
  // output. The padding of `to` stays as it is; it must be 0.
  void Run(const float* from, absl::Span<const float> factors,
           uint16_t* to) const;

 private:
  // Where an element lies is the sum of its axes' offsets.
  using Offsets = std::array<std::vector<int64_t>, 4>;

  Offsets from_, to_;
  bool runs_of_outputs_;  // in `to`; else of inputs
  bool dense_runs_;       // in `from`; else pairs are
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_PACK_WEIGHTS_H_
