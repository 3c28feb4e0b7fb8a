#include "fcis/kernels/ops/conv.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {

absl::Status Convolution::Forward(const Tensor& x, const Tensor* residual,
                                  Tensor* y) {
  return ForwardRows(x, {params_.pad, params_.pad}, residual, y);
}

absl::Status Convolution::ForwardRows(const Tensor& /*x*/,
                                      const RowPads& /*pads*/,
                                      const Tensor* /*residual*/,
                                      Tensor* /*y*/) {
  return absl::UnimplementedError("conv: whole maps only");
}

namespace ops {
namespace {

// Output extent along one axis; <= 0 when the kernel does not fit.
int64_t ConvExtent(const ConvParams& p, int64_t n, int64_t kernel) {
  const int64_t room = n + 2 * p.pad - p.dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / p.stride + 1;
}

absl::Status CheckInputType(const Backend& backend, const Tensor& x) {
  if (x.type() == DType::kF32 || x.type() == backend.activation_type()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("conv: input of type ", DTypeName(x.type()),
                   ", expected f32 or ", DTypeName(backend.activation_type())));
}

}  // namespace

absl::StatusOr<Shape> InferConvShape(const ConvParams& params, const Shape& x,
                                     const Shape& weight) {
  if (x.rank() != 4 || weight.rank() != 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("conv: expected input N,H,W,C and weight O,I,KH,KW, got ",
                     x.ToString(), " and ", weight.ToString()));
  }
  if (x.num_elements() == 0 || x.dim(3) != weight.dim(1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "conv: input ", x.ToString(), " for a weight of ", weight.ToString(),
        ": expected ", weight.dim(1), " channels and no empty extent"));
  }
  const int64_t h = ConvExtent(params, x.dim(1), weight.dim(2));
  const int64_t w = ConvExtent(params, x.dim(2), weight.dim(3));
  if (h <= 0 || w <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("conv: the kernel of ", weight.ToString(), " (pad ",
                     params.pad, ", dilation ", params.dilation,
                     ") is larger than the input ", x.ToString()));
  }
  return Shape{x.dim(0), h, w, weight.dim(0)};
}

absl::Status CheckConvParams(absl::string_view op, const ConvParams& p) {
  if (p.stride >= 1 && p.dilation >= 1 && p.pad >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(op, ": stride ", p.stride, ", dilation ", p.dilation,
                   ", pad ", p.pad, ": expected >= 1, >= 1, >= 0"));
}

DType ConvOutputType(const Backend& backend, const ConvParams& params) {
  return params.f32_output ? DType::kF32 : backend.activation_type();
}

absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
    Backend& backend, const ConvParams& params, const Tensor& weight,
    const Tensor& bias) {
  RETURN_IF_ERROR(CheckConvParams("conv", params));
  if (weight.type() != DType::kF32 || weight.shape().rank() != 4 ||
      weight.num_elements() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("conv: weight ", weight.Describe(),
                     ", expected f32 O,I,KH,KW, not empty"));
  }
  if (bias.type() != DType::kF32 || bias.shape() != Shape{weight.dim(0)}) {
    return absl::InvalidArgumentError(absl::StrCat(
        "conv: bias ", bias.Describe(), ", expected f32 ", weight.dim(0)));
  }
  return backend.PrepareConv(params, weight, bias);
}

absl::StatusOr<Tensor> Conv(Backend& backend, Convolution& conv,
                            const Tensor& x, absl::optional<Tensor> residual) {
  RETURN_IF_ERROR(CheckInputType(backend, x));
  ASSIGN_OR_RETURN(const Shape shape, InferConvShape(conv.params(), x.shape(),
                                                     conv.weight_shape()));
  const DType type = ConvOutputType(backend, conv.params());
  if (!residual) {
    ASSIGN_OR_RETURN(Tensor y, backend.AllocateLike(x, shape, type));
    RETURN_IF_ERROR(conv.Forward(x, nullptr, &y));
    return y;
  }
  if (residual->shape() != shape || residual->type() != type ||
      residual->layout() != x.layout()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "conv: residual ", residual->Describe(), ", expected ", DTypeName(type),
        " ", shape.ToString(), " in the layout of the input"));
  }
  const bool takes_over =
      residual->IsSoleOwner() && residual->device() == backend.device();
  Tensor y = *residual;
  if (!takes_over) {
    ASSIGN_OR_RETURN(y, backend.AllocateLike(x, shape, type));
  }
  RETURN_IF_ERROR(conv.Forward(x, &*residual, &y));
  return y;
}

}  // namespace ops
}  // namespace fcis::kernels
