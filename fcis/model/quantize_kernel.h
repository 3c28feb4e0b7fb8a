// A convolution's kernel in 8 bits.
#ifndef FCIS_MODEL_QUANTIZE_KERNEL_H_
#define FCIS_MODEL_QUANTIZE_KERNEL_H_

#include <vector>

#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/quantization.h"

namespace fcis::model {

struct QuantizedKernel {
  Int8Kernel kernel;
  // The root of the mean squared error by that of the mean squared value.
  double error = 0;
};

// weight: f32 [out,in,kh,kw], finite. Each output channel has a scale of its
// own, of those that clip it to between half and all of its largest magnitude
// the one of the least squared error; elements are -127 to 127. A channel of
// zeros has scale 1.
QuantizedKernel QuantizeKernel(const Tensor& weight);

// By how much the quantised kernel's outputs are larger than those of `weight`
// in the mean, where the inputs have these means: one per channel.
std::vector<double> MeanShift(const Tensor& weight, const Int8Kernel& kernel,
                              const std::vector<double>& means);

}  // namespace fcis::model

#endif  // FCIS_MODEL_QUANTIZE_KERNEL_H_
