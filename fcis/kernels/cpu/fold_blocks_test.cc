#include "fcis/kernels/cpu/fold_blocks.h"

#include "dnnl.hpp"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

memory::desc F32(const Shape& kernel, Tag tag) {
  return KernelDesc(kernel, DType::kF32, tag);
}

TEST(FoldBlocksTest, FoldsAndTransposes) {
  if (!HasIsa(dnnl::cpu_isa::avx512_core)) GTEST_SKIP() << "needs AVX-512";
  for (const Shape& kernel : {Shape{16, 32, 1, 1}, Shape{48, 16, 3, 3},
                              Shape{350, 96, 1, 1}, Shape{18, 5, 3, 3}}) {
    const memory::desc stored = F32(kernel, Tag::OIhw16i16o);
    ASSERT_TRUE(FitsFoldBlocks(stored, F32(kernel, Tag::IOhw16o16i)));
    const int64_t o = kernel.dim(0), i = kernel.dim(1),
                  taps = kernel.dim(2) * kernel.dim(3);
    const int64_t outputs = (o + 15) / 16 * 16, inputs = (i + 15) / 16 * 16;
    const Shape size = {outputs * inputs * taps};
    Tensor from = RandomTensor("weights", size), folded(size), transposed(size);
    const auto at = [taps](const Tensor& t, int64_t rows, int64_t row,
                           int64_t column, int64_t tap) -> const float& {
      // [column / 16, row / 16, tap, row % 16, column % 16]
      return t.data<
          float>()[((column / 16 * rows / 16 + row / 16) * taps + tap) * 256 +
                   row % 16 * 16 + column % 16];
    };
    for (int64_t k = 0; k < size.num_elements(); ++k) {
      const int64_t block = k / 256 / taps;
      if (block / (inputs / 16) * 16 + k % 16 >= o ||
          block % (inputs / 16) * 16 + k / 16 % 16 >= i) {
        from.mutable_data<float>()[k] = 0;
      }
    }
    const Tensor factors = RandomTensor("factors", {o});
    FoldBlocks(stored, from.data<float>(), factors.span<float>(),
               folded.mutable_data<float>(), transposed.mutable_data<float>());
    int wrong = 0;
    for (int64_t out = 0; out < outputs; ++out) {
      const float factor = out < o ? factors.data<float>()[out] : 0;
      for (int64_t in = 0; in < inputs; ++in) {
        for (int64_t tap = 0; tap < taps; ++tap) {
          const float want = factor * at(from, inputs, in, out, tap);
          wrong += at(folded, inputs, in, out, tap) != want;
          wrong += at(transposed, outputs, out, in, tap) != want;
        }
      }
    }
    EXPECT_EQ(wrong, 0) << kernel.ToString();
  }
}

TEST(FoldBlocksTest, FitsOnlyThatOrder) {
  const Shape kernel = {32, 16, 3, 3};
  EXPECT_FALSE(
      FitsFoldBlocks(F32(kernel, Tag::oihw), F32(kernel, Tag::IOhw16o16i)));
  EXPECT_FALSE(FitsFoldBlocks(F32(kernel, Tag::OIhw16i16o),
                              F32(kernel, Tag::OIhw16o16i)));
  EXPECT_FALSE(
      FitsFoldBlocks(F32(kernel, Tag::OIhw16i16o),
                     KernelDesc(kernel, DType::kBF16, Tag::IOhw16o16i)));
}

}  // namespace
}  // namespace fcis::kernels
