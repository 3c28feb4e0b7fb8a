#include "fcis/kernels/cpu/cpu_backend.h"

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "dnnl.hpp"
#include "fcis/kernels/bodies/body_ops_backend.h"
#include "fcis/kernels/bodies/host_executor.h"
#include "fcis/kernels/cpu/cpu_max_pool.h"
#include "fcis/kernels/cpu/cpu_psroi.h"
#include "fcis/kernels/cpu/dnnl_conv.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/dnnl_maps.h"

namespace fcis::kernels {
namespace {

class CpuBackend : public cuda::BodyOpsBackend<cuda::HostExecutor> {
 public:
  CpuBackend(DType activation_type, ConvAlgorithm algorithm)
      : activation_type_(activation_type), convs_(activation_type, algorithm) {}

  absl::string_view name() const override { return "cpu"; }
  DType activation_type() const override { return activation_type_; }

  absl::StatusOr<Tensor> AllocateLike(const Tensor& map, const Shape& shape,
                                      DType type) override {
    return AllocateIn(map.layout(), shape, type);
  }
  absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                 Layout layout) override {
    return DnnlConvert(map, type, layout, &convs_.context());
  }

  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    return convs_.Prepare(params, weight, bias);
  }
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    return convs_.Make(params, weight_shape, factors);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    if (x.layout() == Layout::kBackend) {
      return DnnlMaxPool(params, x, &convs_.context(), y);
    }
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
  DnnlConvs convs_;
};

}  // namespace

bool CpuHasNativeBf16() { return HasIsa(dnnl::cpu_isa::avx512_core_bf16); }

absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(
    DType activation_type, ConvAlgorithm algorithm) {
  if (activation_type == DType::kBF16 && !HasIsa(dnnl::cpu_isa::avx512_core)) {
    return absl::UnimplementedError(
        "bf16 on the CPU needs AVX-512, which this CPU lacks; use f32");
  }
  std::unique_ptr<Backend> backend =
      absl::make_unique<CpuBackend>(activation_type, algorithm);
  return backend;
}

}  // namespace fcis::kernels
