// Comparison of tensors that says where and by how much they differ.
#ifndef FCIS_CORE_TESTING_NEAR_H_
#define FCIS_CORE_TESTING_NEAR_H_

#include "fcis/core/tensor/tensor.h"
#include "gtest/gtest.h"

namespace fcis {

// Largest |value|; 0 for no elements. f32.
double AbsMax(const Tensor& t);

// Shapes are equal and every |actual - expected| <= limit; NaN only where NaN
// is expected. f32 or f64. EXPECT_TRUE(AllNear(y, want, 2e-5 * AbsMax(want))).
::testing::AssertionResult AllNear(const Tensor& actual, const Tensor& expected,
                                   double limit);

// Type, shape and every element are equal.
::testing::AssertionResult AllEqual(const Tensor& actual,
                                    const Tensor& expected);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_NEAR_H_
