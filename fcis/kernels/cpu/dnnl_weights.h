// The weights of one convolution, folded, in the layouts that oneDNN's passes
// ask for.
#ifndef FCIS_KERNELS_CPU_DNNL_WEIGHTS_H_
#define FCIS_KERNELS_CPU_DNNL_WEIGHTS_H_

#include <array>
#include <mutex>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "dnnl.hpp"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/cpu/pack_weights.h"
#include "fcis/kernels/train/output_factors.h"

namespace fcis::kernels {

// Keeps copies in the layouts asked for last, and makes them anew with each
// Set. Weights that are set once are kept in the last layout alone.
class DnnlWeights {
 public:
  enum class Pass { kForward, kData };

  // stored: the f32 layout of what Set gets, of a kernel (O,I,KH,KW).
  // factors: one per output, or empty: 1.
  DnnlWeights(const dnnl::memory::desc& stored,
              absl::Span<const float> factors);
  // Set once: f32 O,I,KH,KW. They are shared until a pass asks for another
  // layout.
  explicit DnnlWeights(const Tensor& weight);

  const dnnl::memory::desc& stored() const { return stored_; }
  const OutputFactors& factors() const { return factors_; }

  // Takes factor * from; layouts that passes asked for last and WeightPacking
  // can write are made at once.
  void Set(const float* from);

  // In this layout, f32 or bf16; after Set. The next Set may overwrite it. Of
  // weights that are set once, threads may ask at once.
  Tensor In(const dnnl::memory::desc& layout, Pass pass, DnnlContext* context);

 private:
  struct Copy {
    bool none() const { return layout.is_zero(); }

    dnnl::memory::desc layout;
    Tensor data;
  };
  // What a pass asked for last, kept where there is a packing for it, or where
  // FoldBlocks makes it together with folded_; else its layout alone.
  struct Packed {
    Copy copy;
    absl::optional<WeightPacking> packing;
    bool in_blocks = false;
  };

  // Whether passes need no other copies than these.
  bool AllPacked() const;
  const Copy& Source() const;

  std::mutex mutex_;  // of In
  const bool once_ = false;
  const dnnl::memory::desc stored_;
  const std::vector<float> factor_of_output_;
  const OutputFactors factors_;
  Copy folded_;  // stored_, or what the forward pass made of it
  std::array<Packed, 2> packed_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_WEIGHTS_H_
