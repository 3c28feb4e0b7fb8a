#include "fcis/kernels/cpu/cpu_backend.h"

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "dnnl.hpp"
#include "fcis/kernels/cpu/cpu_max_pool.h"
#include "fcis/kernels/cpu/cpu_psroi.h"
#include "fcis/kernels/cpu/dnnl_conv.h"
#include "fcis/kernels/cuda/body_ops_backend.h"
#include "fcis/kernels/cuda/host_executor.h"

namespace fcis {
namespace {

class CpuBackend : public cuda::BodyOpsBackend<cuda::HostExecutor> {
 public:
  explicit CpuBackend(DType activation_type)
      : activation_type_(activation_type), convs_(activation_type) {}

  absl::string_view name() const override { return "cpu"; }
  DType activation_type() const override { return activation_type_; }

  absl::StatusOr<std::unique_ptr<PreparedConv>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    return convs_.Prepare(params, weight, bias);
  }

  absl::Status Conv(PreparedConv& conv, const Tensor& x, const Tensor* residual,
                    Tensor* y) override {
    return convs_.Run(conv, x, residual, y);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    CpuMaxPool(params, x, y);
    return absl::OkStatus();
  }

  absl::Status PsroiPool(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) override {
    CpuPsroiPool(params, maps, rois, y);
    return absl::OkStatus();
  }

  absl::Status PsroiMean(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) override {
    CpuPsroiMean(params, maps, rois, y);
    return absl::OkStatus();
  }

  absl::Status PsroiClassScores(const PsroiParams& params, const Tensor& maps,
                                const Tensor& rois, Tensor* y) override {
    CpuPsroiClassScores(params, maps, rois, y);
    return absl::OkStatus();
  }

  absl::Status PsroiClassPair(const PsroiParams& params, const Tensor& maps,
                              const Tensor& rois, const Tensor& classes,
                              Tensor* y) override {
    CpuPsroiClassPair(params, maps, rois, classes, y);
    return absl::OkStatus();
  }

 private:
  const DType activation_type_;
  DnnlConvRunner convs_;
};

// True where oneDNN may use all instructions of `isa`; DNNL_MAX_CPU_ISA counts.
bool DnnlUses(dnnl::cpu_isa isa) {
  const int wanted = static_cast<int>(isa);
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace

bool CpuHasNativeBf16() { return DnnlUses(dnnl::cpu_isa::avx512_core_bf16); }

absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(DType activation_type) {
  if (activation_type == DType::kBF16 &&
      !DnnlUses(dnnl::cpu_isa::avx512_core)) {
    return absl::UnimplementedError(
        "bf16 on the CPU needs AVX-512, which this CPU lacks; use f32");
  }
  std::unique_ptr<Backend> backend =
      absl::make_unique<CpuBackend>(activation_type);
  return backend;
}

}  // namespace fcis
