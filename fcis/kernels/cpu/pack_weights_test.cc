#include "fcis/kernels/cpu/pack_weights.h"

#include <functional>
#include <numeric>
#include <vector>

#include "dnnl.hpp"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

const memory::dims kShapes[] = {
    {64, 32, 3, 3}, {50, 37, 1, 1}, {7, 3, 2, 5}, {1, 1, 1, 1}, {48, 65, 1, 3}};
const Tag kStored[] = {Tag::oihw, Tag::hwio, Tag::OIhw16i16o, Tag::OIhw16o16i};
const Tag kPacked[] = {Tag::OIhw8i16o2i, Tag::OIhw8o16i2o, Tag::OhwI64o2i,
                       Tag::OIhw16i48o2i};
const Tag kNotPacked[] = {Tag::oihw, Tag::hwio, Tag::OIhw16i16o};

template <typename T>
memory View(const memory::desc& desc, std::vector<T>* data) {
  return memory(desc, dnnl::engine(dnnl::engine::kind::cpu, 0), data->data());
}

void Reorder(memory from, memory to) {
  dnnl::stream stream(from.get_engine());
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
}

// What oneDNN's reorder makes of factor * w, bit for bit.
TEST(WeightPackingTest, LikeFoldAndReorder) {
  for (const memory::dims& dims : kShapes) {
    const int64_t n = std::accumulate(dims.begin(), dims.end(), int64_t{1},
                                      std::multiplies<int64_t>());
    const memory::desc plain(dims, memory::data_type::f32, Tag::oihw);
    const Tensor w = RandomTensor("w", {n}), f = RandomTensor("f", {dims[0]});
    std::vector<float> weight(w.data<float>(), w.data<float>() + n);
    std::vector<float> folded = weight;
    for (int64_t i = 0; i < n; ++i) {
      folded[i] *= f.data<float>()[i / (n / dims[0])];
    }
    for (const Tag stored_tag : kStored) {
      const memory::desc stored(dims, memory::data_type::f32, stored_tag);
      std::vector<float> from(stored.get_size() / sizeof(float));
      Reorder(View(plain, &weight), View(stored, &from));
      for (const Tag packed_tag : kPacked) {
        const memory::desc packed(dims, memory::data_type::bf16, packed_tag);
        // No channel axis of oihw is dense but in 1x1 kernels.
        const bool fits = stored_tag != Tag::oihw || dims[2] * dims[3] == 1;
        ASSERT_EQ(WeightPacking::Fits(stored, packed), fits);
        if (!fits) continue;
        std::vector<uint16_t> want(packed.get_size() / sizeof(uint16_t));
        std::vector<uint16_t> got(want.size());
        Reorder(View(plain, &folded), View(packed, &want));
        WeightPacking(stored, packed)
            .Run(from.data(), f.span<float>(), got.data());
        EXPECT_EQ(got, want)
            << "stored " << static_cast<int>(stored_tag) << ", packed "
            << static_cast<int>(packed_tag) << ", outputs " << dims[0];
      }
    }
  }
}

TEST(WeightPackingTest, OtherLayoutsDoNotFit) {
  const memory::dims dims = {64, 32, 3, 3};
  const memory::desc stored(dims, memory::data_type::f32, Tag::oihw);
  for (const Tag tag : kNotPacked) {
    EXPECT_FALSE(WeightPacking::Fits(
        stored, memory::desc(dims, memory::data_type::bf16, tag)));
  }
  for (const Tag tag : kPacked) {
    EXPECT_FALSE(WeightPacking::Fits(
        stored, memory::desc(dims, memory::data_type::f32, tag)));
  }
  // Runs of 16 inputs that are not at even distances.
  const memory::desc by_eight(dims, memory::data_type::f32, Tag::OIhw8i8o);
  EXPECT_FALSE(WeightPacking::Fits(
      by_eight, memory::desc(dims, memory::data_type::bf16, Tag::OIhw8o16i2o)));
}

}  // namespace
}  // namespace fcis::kernels
