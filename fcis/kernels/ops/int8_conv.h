// Convolution of maps of 8 bits (int8_map.h) with weights of 8 bits:
//   sums = conv(x, weight)             whole numbers; exact without Winograd
//   y    = relu?((sums + bias) * factor + residual_factor * residual?)
// in f32, where the bias and the factors hold all scales (Int8FactorsOf). y is
// rounded to its code, or is a map of floats.
#ifndef FCIS_KERNELS_OPS_INT8_CONV_H_
#define FCIS_KERNELS_OPS_INT8_CONV_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

class Backend;

struct Int8ConvParams {
  ConvParams conv;
  Int8Code x;
  absl::optional<Int8Code> residual;  // none: nothing is added
  // None: y is a map of floats, as ConvParams says; then there is no residual.
  absl::optional<Int8Code> y;
};

// The value of an element of output channel o is scale[o] * element.
struct Int8Weights {
  Tensor elements;  // i8 [out,in,kh,kw]
  Tensor scale;     // f32 [out], > 0
  Tensor bias;      // f32 [out], in the units of the output
};

// What the sums of whole numbers are turned into values with.
struct Int8Factors {
  std::vector<float> bias;    // per output channel, added to the sums
  std::vector<float> factor;  // of both, per output channel
  float residual = 0;         // of an added element
};
Int8Factors Int8FactorsOf(const Int8ConvParams& params,
                          const Int8Weights& weights);

// A Convolution of such maps; its residual is one that the params name. Callers
// use ops::Int8Conv.
class Int8Convolution : public Convolution {
 public:
  Int8Convolution(const Int8ConvParams& params, const Shape& weight_shape)
      : Convolution(params.conv, weight_shape), int8_params_(params) {}

  const Int8ConvParams& int8_params() const { return int8_params_; }

 private:
  const Int8ConvParams int8_params_;
};

namespace ops {

// Errors: those of PrepareConv; a code or a scale that is not positive and
// finite, a bias that is not finite; Unimplemented where the backend computes
// no int8.
absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
    Backend& backend, const Int8ConvParams& params, const Int8Weights& weights);

// x: of the type of its code; residual: given where the params name one, of
// y's shape. y takes over its memory when both have the same type and no other
// Tensor shares it. Errors: those of ops::Conv.
absl::StatusOr<Tensor> Int8Conv(Backend& backend, Int8Convolution& conv,
                                const Tensor& x,
                                absl::optional<Tensor> residual = {});

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_INT8_CONV_H_
