#include "fcis/kernels/cpu/dnnl_weights.h"

#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/fold_blocks.h"

namespace fcis::kernels {

using dnnl::memory;

namespace {

std::vector<float> FactorOfOutput(const memory::desc& stored,
                                  absl::Span<const float> factors) {
  if (factors.empty()) return std::vector<float>(DimsOf(stored)[0], 1.0f);
  return {factors.begin(), factors.end()};
}

}  // namespace

DnnlWeights::DnnlWeights(const Tensor& weight)
    : once_(true),
      stored_(
          KernelDesc(weight.shape(), DType::kF32, memory::format_tag::oihw)),
      factors_(weight.num_elements()),
      folded_{stored_, weight} {}

DnnlWeights::DnnlWeights(const memory::desc& stored,
                         absl::Span<const float> factors)
    : stored_(stored),
      factor_of_output_(FactorOfOutput(stored, factors)),
      factors_(FactorsOf(stored, factors)) {}

bool DnnlWeights::AllPacked() const {
  bool any = false;
  for (const Packed& p : packed_) {
    if (p.copy.none()) continue;
    if (!p.packing.has_value()) return false;
    any = true;
  }
  return any;
}

void DnnlWeights::Set(const float* from) {
  for (Packed& p : packed_) {
    if (!p.packing.has_value()) continue;
    p.packing->Run(from, factor_of_output_,
                   static_cast<uint16_t*>(p.copy.data.mutable_raw()));
  }
  if (AllPacked()) {
    folded_ = Copy();
    return;
  }
  if (folded_.layout != stored_) {
    folded_.layout = stored_;
    folded_.data = DnnlContext::Allocate(stored_);
  }
  auto* const folded = static_cast<float*>(folded_.data.mutable_raw());
  Packed& data = packed_[static_cast<int>(Pass::kData)];
  if (data.in_blocks) {
    FoldBlocks(stored_, from, factor_of_output_, folded,
               static_cast<float*>(data.copy.data.mutable_raw()));
  } else {
    factors_.Apply(from, folded);
  }
}

const DnnlWeights::Copy& DnnlWeights::Source() const {
  if (!folded_.none()) return folded_;
  return packed_[0].packing.has_value() ? packed_[0].copy : packed_[1].copy;
}

Tensor DnnlWeights::In(const memory::desc& layout, Pass pass,
                       DnnlContext* context) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Packed& packed = packed_[static_cast<int>(pass)];
  const bool kept = packed.packing.has_value() || packed.in_blocks;
  if (kept && packed.copy.layout == layout) {
    return packed.copy.data;
  }
  if (folded_.layout == layout) return folded_.data;
  const Copy& source = Source();
  Copy made = {layout, DnnlContext::Allocate(layout)};
  context->Reorder(source.layout, source.data.raw(), layout,
                   made.data.mutable_raw());
  const Tensor data = made.data;
  if (once_) {
    folded_ = made;
    return data;
  }
  packed.packing.reset();
  packed.in_blocks = pass == Pass::kData && FitsFoldBlocks(stored_, layout);
  if (WeightPacking::Fits(stored_, layout)) {
    packed.packing.emplace(stored_, layout);
    packed.copy = made;
  } else if (packed.in_blocks) {
    packed.copy = made;
  } else {
    // Not kept: the layout alone says that Set has to fold.
    packed.copy = {layout, Tensor()};
    // The forward pass of the next picture needs it again; without a folded
    // copy it may be the only one.
    if (pass == Pass::kForward || folded_.none()) folded_ = made;
  }
  return data;
}

}  // namespace fcis::kernels
