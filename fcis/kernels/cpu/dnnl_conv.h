// Convolutions through oneDNN, in any layout of fcis/kernels/cpu/dnnl_layout.h,
// with bias, residual sum and ReLU fused. See fcis/kernels/ops/conv.h.
#ifndef FCIS_KERNELS_CPU_DNNL_CONV_H_
#define FCIS_KERNELS_CPU_DNNL_CONV_H_

#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/base/recent_map.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/cpu/dnnl_conv_plan.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// What all convolutions of a backend share, and outlives them: the context and
// the compiled primitives. Thread-safe, and so are the convolutions that
// Prepare makes.
class DnnlConvs : public ConvEngine {
 public:
  // activation_type: f32 or bf16, the type that convolutions compute in.
  // algorithm: of those in f32. Trained ones that are not kDirect are
  // Winograd's also where oneDNN has it and ours is not chosen.
  explicit DnnlConvs(DType activation_type,
                     ConvAlgorithm algorithm = ConvAlgorithm::kDirect)
      : compute_(activation_type), algorithm_(algorithm) {}
  DnnlConvs(const DnnlConvs&) = delete;

  // The first run of a prepared convolution brings its weights into the layout
  // that oneDNN asks for and lets go of the original.
  absl::StatusOr<std::unique_ptr<Convolution>> Prepare(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override;
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> Make(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override;

  DType compute() const { return compute_; }
  ConvAlgorithm algorithm() const { return algorithm_; }
  // Whether such a kernel is trained by RunWino where maps are large enough; in
  // bf16, too, where the CPU has no AMX.
  bool TrainsByWinograd(const ConvParams& params, const Shape& weight) const;
  // Whether the gradients of such a kernel are summed by RunPointwiseGradient.
  bool SumsPointwise(const ConvParams& params, const Shape& weight) const;
  // Whether the gradients of such a kernel are summed by RunAmxGradient.
  bool SumsByAmx(const ConvParams& params, const Shape& weight) const;
  DnnlContext& context() { return context_; }
  // Throws dnnl::error.
  std::shared_ptr<const ConvPlan> Plan(const ConvSetup& setup, ConvPass pass);

 private:
  // Threads that want the same plan wait for the one that makes it.
  struct Entry {
    std::mutex mutex;
    absl::optional<ConvPlan> plan;
  };

  const DType compute_;
  const ConvAlgorithm algorithm_;
  DnnlContext context_;
  // Of prepared and of trained convolutions, which have three passes. A plan
  // has some 0.1 MB of code; these are those of the last few sizes of pictures.
  using PlanCache = RecentMap<ConvSetup::Key, std::shared_ptr<Entry>>;
  std::mutex mutex_;
  PlanCache prepared_{1024}, trained_{6144};  // guarded by mutex_
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_CONV_H_
