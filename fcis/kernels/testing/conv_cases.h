// What the tests of convolutions share.
#ifndef FCIS_KERNELS_TESTING_CONV_CASES_H_
#define FCIS_KERNELS_TESTING_CONV_CASES_H_

#include "fcis/core/tensor/shape.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

struct ConvCase {
  Shape x, weight;
  int stride, pad, dilation;
};

inline ConvParams ParamsOf(const ConvCase& c, bool relu) {
  ConvParams p;
  p.stride = c.stride;
  p.pad = c.pad;
  p.dilation = c.dilation;
  p.relu = relu;
  return p;
}

// How far f32 sums of values below 1 may be off. n products are summed; the
// roundings are independent, so the error grows with sqrt(n) times the largest
// partial sum, itself about sqrt(n) / 3; 8 standard deviations.
inline double SumLimit(const ConvCase& c) {
  const double n =
      static_cast<double>(c.weight.num_elements() / c.weight.dim(0)) + 2;
  return 8 * n / 3 / (1 << 24);
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_CONV_CASES_H_
