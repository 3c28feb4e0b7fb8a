#include "fcis/kernels/ref/ref_int8_conv.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {

RefInt8Conv::RefInt8Conv(const Int8ConvParams& params,
                         const Int8Weights& weights)
    : Int8Convolution(params, weights.elements.shape()),
      convs_(HostDevice::Shared(), DType::kF32),
      factors_(Int8FactorsOf(params, weights)) {
  ConvParams sums = params.conv;
  sums.relu = false;
  sums.f32_output = true;
  sums_ = *convs_.Prepare(sums, FromInt8(weights.elements, 1, DType::kF32),
                          Tensor::Zeros(weights.bias.shape()));
}

absl::Status RefInt8Conv::Forward(const Tensor& x, const Tensor* residual,
                                  Tensor* y) {
  // Whole numbers, whose sums in double are exact.
  Tensor values(y->shape()), added;
  RETURN_IF_ERROR(
      sums_->Forward(FromInt8(x, 1, DType::kF32), nullptr, &values));
  if (residual != nullptr) added = FromInt8(*residual, 1, DType::kF32);
  auto* const to = values.mutable_data<float>();
  constexpr int64_t kGrain = 1 << 14;
  ParallelForEach(values.num_elements(), kGrain, [&](int64_t i) {
    const auto o = static_cast<size_t>(i % y->dim(3));
    float v = (to[i] + factors_.bias[o]) * factors_.factor[o];
    if (residual != nullptr) v += factors_.residual * added.data<float>()[i];
    to[i] = params().relu ? std::max(v, 0.0f) : v;
  });
  const Tensor result = int8_params().y ? ToInt8(values, {y->type(), 1})
                                        : AsMapType(values, y->type());
  std::copy_n(static_cast<const char*>(result.raw()), result.num_bytes(),
              static_cast<char*>(y->mutable_raw()));
  return absl::OkStatus();
}

}  // namespace fcis::kernels
