#include "fcis/kernels/ops/int8_conv.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {

Int8Factors Int8FactorsOf(const Int8ConvParams& params,
                          const Int8Weights& weights) {
  const double unit = params.y ? params.y->scale : 1.0;
  Int8Factors factors;
  const float* const bias = weights.bias.data<float>();
  const float* const scale = weights.scale.data<float>();
  for (int64_t o = 0; o < weights.scale.num_elements(); ++o) {
    const double one = double{params.x.scale} * scale[o];
    factors.bias.push_back(static_cast<float>(bias[o] / one));
    factors.factor.push_back(static_cast<float>(one / unit));
  }
  if (params.residual) {
    factors.residual = static_cast<float>(params.residual->scale / unit);
  }
  return factors;
}

namespace ops {
namespace {

bool IsPositive(float v) { return std::isfinite(v) && v > 0; }

absl::Status CheckCode(absl::string_view of, const Int8Code& code) {
  if ((code.type == DType::kU8 || code.type == DType::kI8) &&
      IsPositive(code.scale)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "int8 conv: ", of, " of type ", DTypeName(code.type), " and scale ",
      code.scale, ", expected u8 or i8 and a positive number"));
}

absl::Status CheckParams(const Int8ConvParams& params) {
  RETURN_IF_ERROR(CheckConvParams("int8 conv", params.conv));
  RETURN_IF_ERROR(CheckCode("input", params.x));
  if (params.y) RETURN_IF_ERROR(CheckCode("output", *params.y));
  if (!params.residual) return absl::OkStatus();
  if (!params.y) {
    return absl::InvalidArgumentError(
        "int8 conv: a residual is added to a map of 8 bits only");
  }
  return CheckCode("residual", *params.residual);
}

absl::Status CheckWeights(const Int8Weights& weights) {
  const Tensor& w = weights.elements;
  if (w.type() != DType::kI8 || w.shape().rank() != 4 ||
      w.num_elements() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "int8 conv: weight ", w.Describe(), ", expected i8 O,I,KH,KW"));
  }
  for (const Tensor* t : {&weights.scale, &weights.bias}) {
    if (t->type() == DType::kF32 && t->shape() == Shape{w.dim(0)}) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("int8 conv: scale or bias ", t->Describe(),
                     ", expected f32 ", w.dim(0)));
  }
  for (int64_t o = 0; o < w.dim(0); ++o) {
    const float scale = weights.scale.data<float>()[o];
    const float bias = weights.bias.data<float>()[o];
    if (IsPositive(scale) && std::isfinite(bias)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("int8 conv: output channel ", o, " has scale ", scale,
                     " and bias ", bias, ", expected positive and finite"));
  }
  return absl::OkStatus();
}

absl::Status CheckMap(absl::string_view of, const Tensor& map, DType type,
                      const Shape& shape) {
  if (map.type() == type && map.shape() == shape &&
      map.layout() == Layout::kRowMajor) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("int8 conv: ", of, " ", map.Describe(), ", expected ",
                   DTypeName(type), " ", shape.ToString(), ", row-major"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
    Backend& backend, const Int8ConvParams& params,
    const Int8Weights& weights) {
  RETURN_IF_ERROR(CheckParams(params));
  RETURN_IF_ERROR(CheckWeights(weights));
  return backend.PrepareInt8Conv(params, weights);
}

absl::StatusOr<Tensor> Int8Conv(Backend& backend, Int8Convolution& conv,
                                const Tensor& x,
                                absl::optional<Tensor> residual) {
  const Int8ConvParams& params = conv.int8_params();
  RETURN_IF_ERROR(CheckMap("input", x, params.x.type, x.shape()));
  ASSIGN_OR_RETURN(const Shape shape,
                   InferConvShape(params.conv, x.shape(), conv.weight_shape()));
  const DType type =
      params.y ? params.y->type : ConvOutputType(backend, params.conv);
  if (residual.has_value() != params.residual.has_value()) {
    return absl::InvalidArgumentError(
        "int8 conv: expected a residual iff the "
        "convolution was prepared for one");
  }
  if (!residual) {
    ASSIGN_OR_RETURN(Tensor y, backend.AllocateMap(shape, type));
    RETURN_IF_ERROR(conv.Forward(x, nullptr, &y));
    return y;
  }
  RETURN_IF_ERROR(
      CheckMap("residual", *residual, params.residual->type, shape));
  const bool takes_over = residual->type() == type && residual->IsSoleOwner();
  Tensor y = *residual;
  if (!takes_over) {
    ASSIGN_OR_RETURN(y, backend.AllocateMap(shape, type));
  }
  RETURN_IF_ERROR(conv.Forward(x, &*residual, &y));
  return y;
}

}  // namespace ops
}  // namespace fcis::kernels
