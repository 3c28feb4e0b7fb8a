#include "fcis/kernels/cpu/cpu_backend.h"

#include <memory>

#include "absl/status/status.h"
#include "dnnl.hpp"
#include "fcis/kernels/cpu/cpu_max_pool.h"
#include "fcis/kernels/cpu/cpu_psroi.h"
#include "fcis/kernels/cpu/dnnl_conv.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/dnnl_maps.h"
#include "fcis/kernels/cpu/int8_conv.h"
#include "fcis/kernels/device/device_backend.h"

namespace fcis::kernels {
namespace {

class CpuBackend : public DeviceBackend {
 public:
  // Takes the convolutions over.
  CpuBackend(DnnlConvs* convs, DType activation_type, CpuInt8 int8,
             ConvAlgorithm algorithm)
      : DeviceBackend("cpu", std::make_unique<HostDevice>(),
                      std::unique_ptr<ConvEngine>(convs), activation_type),
        context_(&convs->context()),
        int8_(int8),
        algorithm_(algorithm) {}

  bool concurrent() const override { return true; }
  bool computes_int8() const override {
    return int8_ != CpuInt8::kNever && CpuHasInt8();
  }
  absl::string_view precision() const override {
    return int8_ == CpuInt8::kRequired ? "int8" : Backend::precision();
  }

  absl::StatusOr<Tensor> AllocateLike(const Tensor& map, const Shape& shape,
                                      DType type) override {
    return AllocateIn(map.layout(), shape, type);
  }
  absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                 Layout layout) override {
    return DnnlConvert(map, type, layout, context_);
  }

  absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
      const Int8ConvParams& params, const Int8Weights& weights) override {
    return PrepareDnnlInt8Conv(params, weights, algorithm_, context_);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    if (x.layout() == Layout::kBackend) {
      return DnnlMaxPool(params, x, context_, y);
    }
    CpuMaxPool(params, x, y);
    return absl::OkStatus();
  }

  absl::Status Psroi(PsroiForm form, const PsroiParams& params,
                     const Tensor& maps, const Tensor& rois,
                     const Tensor& classes, Tensor* y) override {
    // Whole cells are for inspection alone.
    if (form == PsroiForm::kPool) {
      return DeviceBackend::Psroi(form, params, maps, rois, classes, y);
    }
    CpuPsroi(form, params, maps, rois, classes, y);
    return absl::OkStatus();
  }

 private:
  DnnlContext* const context_;  // the convolutions'
  const CpuInt8 int8_;
  const ConvAlgorithm algorithm_;
};

}  // namespace

bool CpuHasNativeBf16() { return HasIsa(dnnl::cpu_isa::avx512_core_bf16); }

absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(
    DType activation_type, CpuInt8 int8, ConvAlgorithm algorithm) {
  if (activation_type == DType::kBF16 && !HasIsa(dnnl::cpu_isa::avx512_core)) {
    return absl::UnimplementedError(
        "bf16 on the CPU needs AVX-512, which this CPU lacks; use f32");
  }
  if (int8 == CpuInt8::kRequired && !CpuHasInt8()) {
    return absl::UnimplementedError(
        "int8 on the CPU needs AVX512_VNNI, which this CPU lacks; without it a "
        "quantised model runs in f32 or bf16");
  }
  return std::make_unique<CpuBackend>(new DnnlConvs(activation_type, algorithm),
                                      activation_type, int8, algorithm);
}

}  // namespace fcis::kernels
