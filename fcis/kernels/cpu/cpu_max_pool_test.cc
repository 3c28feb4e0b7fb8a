#include "fcis/kernels/cpu/cpu_max_pool.h"

#include "fcis/core/testing/near.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(CpuMaxPool, EqualsTheReferenceOnOddShapes) {
  const auto ref = MakeRefBackend(DType::kF32);
  for (const Shape& shape : {Shape{1, 2, 2, 1}, Shape{2, 7, 10, 17},
                             Shape{1, 30, 41, 64}, Shape{3, 5, 2, 3}}) {
    for (const int kernel : {2, 3, 5}) {
      MaxPoolParams params;
      params.kernel = kernel;
      const auto out = ops::InferMaxPoolShape(params, shape);
      if (!out.ok()) continue;  // smaller than the window's first step
      const Tensor x = RandomTensor("x", shape);
      Tensor got(*out), want(*out);
      CpuMaxPool(params, x, &got);
      ASSERT_TRUE(ref->MaxPool(params, x, &want).ok());
      EXPECT_TRUE(AllEqual(got, want)) << shape.ToString() << " " << kernel;
    }
  }
}

}  // namespace
}  // namespace fcis::kernels
