#include "fcis/model/quantize_kernel.h"

#include <cmath>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(QuantizeKernel, EachChannelHasItsScale) {
  Tensor weight = kernels::RandomTensor("w", {3, 40, 3, 3});
  const int64_t row = 360;
  for (int64_t i = 0; i < row; ++i) {
    weight.mutable_data<float>()[row + i] *= 1000;
  }
  const QuantizedKernel q = QuantizeKernel(weight);
  const float* const scale = q.kernel.scale.data<float>();
  EXPECT_NEAR(scale[1] / scale[0], 1000, 30);
  // Evenly spread values: a step's uniform error by 1 / sqrt(3).
  EXPECT_NEAR(q.error, std::sqrt(3.0 / 12) / 127, 1e-3);
  const Tensor values = KernelValues(q.kernel);
  for (int64_t i = 0; i < weight.num_elements(); ++i) {
    EXPECT_NEAR(values.data<float>()[i], weight.data<float>()[i],
                0.6f * scale[i / row]);
  }
}

TEST(QuantizeKernel, CutsOffWhatIsRare) {
  Tensor weight = kernels::RandomTensor("w", {1, 4096, 1, 1});
  weight.mutable_data<float>()[7] = -1.5f;
  const QuantizedKernel q = QuantizeKernel(weight);
  EXPECT_LT(q.kernel.scale.data<float>()[0], 1.49f / 127);
  EXPECT_EQ(q.kernel.elements.data<int8_t>()[7], -127);
}

TEST(QuantizeKernel, ZerosStayZeros) {
  const QuantizedKernel q = QuantizeKernel(Tensor::Zeros({2, 3, 1, 1}));
  EXPECT_TRUE(
      AllEqual(q.kernel.elements, Tensor::Zeros({2, 3, 1, 1}, DType::kI8)));
  EXPECT_EQ(q.kernel.scale.data<float>()[0], 1);
  EXPECT_EQ(q.error, 0);
}

TEST(QuantizeKernel, OneValueIsExact) {
  Tensor weight(Shape{1, 1, 1, 1});
  weight.mutable_data<float>()[0] = -0.3f;
  const QuantizedKernel q = QuantizeKernel(weight);
  EXPECT_EQ(q.kernel.elements.data<int8_t>()[0], -127);
  EXPECT_NEAR(KernelValues(q.kernel).data<float>()[0], -0.3f, 1e-7);
}

TEST(MeanShift, IsTheMeanOfTheErrors) {
  const Tensor weight = kernels::RandomTensor("w", {2, 2, 1, 2});
  const Int8Kernel kernel = QuantizeKernel(weight).kernel;
  const Tensor values = KernelValues(kernel);
  const auto error = [&](size_t i) {
    return double{values.data<float>()[i]} - weight.data<float>()[i];
  };
  const std::vector<double> shift = MeanShift(weight, kernel, {3, -5});
  for (size_t o : {size_t{0}, size_t{1}}) {
    EXPECT_NEAR(shift[o],
                3 * (error(4 * o) + error(4 * o + 1)) -
                    5 * (error(4 * o + 2) + error(4 * o + 3)),
                1e-12);
  }
}

}  // namespace
}  // namespace fcis::model
