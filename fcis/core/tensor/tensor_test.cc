#include "fcis/core/tensor/tensor.h"

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(Tensor, DescribesTypeAndShape) {
  EXPECT_EQ(Tensor(Shape({2, 3}), DType::kBF16).Describe(), "bf16 2x3");
}

TEST(Tensor, OwnsAlignedElements) {
  for (const int64_t n : {1, 1000, 3 << 20}) {
    Tensor t(Shape{n});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(t.raw()) % 64, 0u);
    EXPECT_EQ(t.num_bytes(), 4 * n);
    t.mutable_data<float>()[n - 1] = 2;
    EXPECT_EQ(t.span<float>().back(), 2);
  }
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor a = Tensor::FromSpan<float>({2, 2}, {1, 2, 3, 4});
  Tensor shared = a;
  Tensor clone = a.Clone();
  a.mutable_data<float>()[0] = 9;
  EXPECT_EQ(shared.data<float>()[0], 9);
  EXPECT_EQ(clone.data<float>()[0], 1);
  EXPECT_EQ(a.Reshaped({4}).dim(0), 4);
}

TEST(Tensor, PartsShare) {
  Tensor a = Tensor::FromSpan<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  Tensor row = a.Part(2, {1, 2});
  EXPECT_EQ(row.num_bytes(), 8);
  EXPECT_FALSE(row.IsSoleOwner());
  row.mutable_data<float>()[1] = 9;
  EXPECT_EQ(a.data<float>()[3], 9);
  EXPECT_EQ(a.Part(6, {0}).num_elements(), 0);
  EXPECT_DEATH(a.Part(5, {2}), "beyond");
}

TEST(Tensor, ViewKeepsTheOwnerAlive) {
  auto owner = std::make_shared<std::vector<float>>(3, 5.0f);
  std::weak_ptr<std::vector<float>> watch = owner;
  Tensor view = Tensor::View({3}, DType::kF32, owner->data(), owner);
  owner.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(view.data<float>()[2], 5);
  view = Tensor();
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, EmptyAndZeros) {
  EXPECT_EQ(Tensor().num_elements(), 0);
  EXPECT_EQ(Tensor(Shape{0, 4}).num_bytes(), 0);
  const Tensor zeros = Tensor::Zeros({5}, DType::kI32);
  for (const int32_t v : zeros.span<int32_t>()) EXPECT_EQ(v, 0);
}

TEST(TensorDeathTest, DeviceMemoryIsNotRead) {
  std::shared_ptr<void> memory = std::make_shared<float>(3);
  const void* const address = memory.get();
  const Tensor t =
      Tensor::OnDevice({1}, DType::kF32, Device::kCuda, std::move(memory));
  EXPECT_EQ(t.raw(), address);
  EXPECT_TRUE(t.IsSoleOwner());
  EXPECT_EQ(t.Reshaped({1, 1}).device(), Device::kCuda);
  EXPECT_DEATH(t.data<float>(), "another device");
  EXPECT_DEATH(t.Clone(), "another device");
}

TEST(TensorDeathTest, ABackendsLayoutIsNotRead) {
  const Tensor t = Tensor::InBackendLayout({1, 2, 2, 3}, DType::kF32, 256);
  EXPECT_EQ(t.layout(), Layout::kBackend);
  EXPECT_EQ(t.num_elements(), 12);
  EXPECT_EQ(t.num_bytes(), 256);
  EXPECT_TRUE(t.IsSoleOwner());
  EXPECT_EQ(Tensor(t).raw(), t.raw());
  EXPECT_DEATH(t.data<float>(), "a backend's layout");
  EXPECT_DEATH(t.Clone(), "a backend's layout");
  EXPECT_DEATH(t.Part(0, {1}), "a backend's layout");
  EXPECT_DEATH(t.Reshaped({12}), "a backend's layout");
}

TEST(Tensor, SixteenBitsAreOfTwoTypes) {
  const Tensor half = Tensor::FromSpan<Half>({2}, {{1}, {2}});
  EXPECT_EQ(half.type(), DType::kF16);
  EXPECT_EQ(half.num_bytes(), 4);
  EXPECT_EQ(half.data<Half>()[1].bits, 2);
  EXPECT_EQ(DTypeName(half.type()), "f16");
  EXPECT_DEATH(half.data<uint16_t>(), "another element type");
}

TEST(TensorDeathTest, ChecksTheElementType) {
  Tensor t(Shape{2}, DType::kU8);
  EXPECT_DEATH(t.data<float>(), "another element type");
}

}  // namespace
}  // namespace fcis
