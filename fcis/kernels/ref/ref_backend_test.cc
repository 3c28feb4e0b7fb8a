#include "fcis/kernels/ref/ref_backend.h"

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(RefBackend, MaxPoolByHand) {
  const auto backend = MakeRefBackend(DType::kF32);
  const auto y = ops::MaxPool(
      *backend, MaxPoolParams(),
      Tensor::FromSpan<float>(Shape{1, 3, 3, 1}, {1, 2, 3, 4, 9, 6, 7, 8, 5}));
  ASSERT_TRUE(y.ok()) << y.status();
  ASSERT_EQ(y->num_elements(), 1);
  EXPECT_EQ(y->data<float>()[0], 9);
}

TEST(RefBackend, ActivationTypeIsAsAsked) {
  EXPECT_EQ(MakeRefBackend(DType::kBF16)->activation_type(), DType::kBF16);
  EXPECT_EQ(MakeRefBackend(DType::kF32)->name(), "ref");
}

}  // namespace
}  // namespace fcis::kernels
