#include "fcis/kernels/cpu/dnnl_weights.h"

#include <cstring>
#include <string>
#include <vector>

#include "dnnl.hpp"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Pass = DnnlWeights::Pass;

constexpr int64_t kOutputs = 20, kInputs = 17;
const Shape kShape = {kOutputs, kInputs, 3, 3};

memory::desc Desc(memory::data_type type, Tag tag) {
  return memory::desc({kOutputs, kInputs, 3, 3}, type, tag);
}
memory::desc Bf16(Tag tag) { return Desc(memory::data_type::bf16, tag); }
memory::desc F32(Tag tag) { return Desc(memory::data_type::f32, tag); }

// Sets weights of a name; what they are in any layout.
class DnnlWeightsTest : public ::testing::Test {
 protected:
  DnnlWeightsTest()
      : factors_(RandomTensor("factors", {kOutputs})),
        weights_(F32(Tag::OIhw16i16o), factors_.span<float>()) {}

  void Set(const std::string& name) {
    folded_ = RandomTensor(name, kShape);
    Tensor stored = DnnlContext::Allocate(weights_.stored());
    context_.Reorder(F32(Tag::oihw), folded_.raw(), weights_.stored(),
                     stored.mutable_raw());
    weights_.Set(static_cast<const float*>(stored.raw()));
    const int64_t row = folded_.num_elements() / kOutputs;
    for (int64_t i = 0; i < folded_.num_elements(); ++i) {
      folded_.mutable_data<float>()[i] *= factors_.data<float>()[i / row];
    }
  }

  // Without padding, which may be -0.
  Tensor Plain(const memory::desc& layout, const Tensor& data) {
    Tensor plain(kShape);
    context_.Reorder(layout, data.raw(), F32(Tag::oihw), plain.mutable_raw());
    return plain;
  }

  void Expect(const memory::desc& layout, Pass pass) {
    const Tensor got = weights_.In(layout, pass, &context_);
    Tensor want = DnnlContext::Allocate(layout);
    context_.Reorder(F32(Tag::oihw), folded_.raw(), layout, want.mutable_raw());
    EXPECT_TRUE(AllEqual(Plain(layout, got), Plain(layout, want)));
  }

  DnnlContext context_;
  const Tensor factors_;
  DnnlWeights weights_;
  Tensor folded_;
};

TEST_F(DnnlWeightsTest, FollowEachSet) {
  const std::vector<memory::desc> layouts[] = {
      {F32(Tag::OIhw16i16o), F32(Tag::OIhw16o16i)},  // stored, reordered
      {F32(Tag::OIhw16i16o), F32(Tag::IOhw16o16i)},  // both folded
      {F32(Tag::oihw), F32(Tag::IOhw16o16i)},
      {F32(Tag::oihw), F32(Tag::OIhw16o16i)},          // both reordered
      {Bf16(Tag::OhwI64o2i), Bf16(Tag::OIhw8o16i2o)},  // both packed
      {Bf16(Tag::oihw), Bf16(Tag::OIhw8o16i2o)},       // one packed
      {Bf16(Tag::OIhw8i16o2i), Bf16(Tag::hwio)}};
  for (const auto& pair : layouts) {
    for (const char* step : {"first", "second", "third"}) {
      Set(step);
      // As for several pictures of a batch.
      for (int picture = 0; picture < 2; ++picture) {
        Expect(pair[0], Pass::kForward);
        Expect(pair[1], Pass::kData);
      }
    }
  }
}

// Pictures of other sizes want other layouts, also where none is at hand.
TEST_F(DnnlWeightsTest, LayoutsChangeBetweenSets) {
  Set("first");
  Expect(Bf16(Tag::OhwI64o2i), Pass::kForward);
  Set("second");
  Expect(Bf16(Tag::OIhw8i16o2i), Pass::kForward);
  Expect(Bf16(Tag::OhwI64o2i), Pass::kForward);
  Expect(Bf16(Tag::OIhw8o16i2o), Pass::kData);
  Expect(Bf16(Tag::OIhw16i16o2i), Pass::kData);
  Set("third");
  Expect(Bf16(Tag::OIhw8o16i2o), Pass::kData);
  Expect(Bf16(Tag::OIhw8i16o2i), Pass::kForward);
}

TEST_F(DnnlWeightsTest, AnyPassMayComeFirst) {
  Set("first");
  Expect(Bf16(Tag::OIhw8o16i2o), Pass::kData);
  Set("second");
  Expect(Bf16(Tag::hwio), Pass::kData);
  Expect(Bf16(Tag::hwio), Pass::kData);
  Expect(Bf16(Tag::OhwI64o2i), Pass::kForward);
}

// A layer whose input gets no gradient.
TEST_F(DnnlWeightsTest, ForwardAlone) {
  for (const char* step : {"first", "second", "third"}) {
    Set(step);
    Expect(Bf16(Tag::OhwI64o2i), Pass::kForward);
  }
}

TEST(DnnlWeightsSetOnceTest, KeepTheLastLayoutAlone) {
  DnnlContext context;
  const Tensor w = RandomTensor("w", kShape);
  DnnlWeights weights(w);
  EXPECT_EQ(weights.In(F32(Tag::oihw), Pass::kForward, &context).raw(),
            w.raw());
  for (const Tag tag : {Tag::OIhw16i16o, Tag::hwio, Tag::OIhw8i8o}) {
    const Tensor got = weights.In(F32(tag), Pass::kForward, &context);
    Tensor plain(kShape);
    context.Reorder(F32(tag), got.raw(), F32(Tag::oihw), plain.mutable_raw());
    EXPECT_TRUE(AllEqual(plain, w));
    EXPECT_EQ(weights.In(F32(tag), Pass::kForward, &context).raw(), got.raw());
  }
  EXPECT_TRUE(w.IsSoleOwner());
}

TEST(DnnlWeightsNoFactorsTest, AreOne) {
  DnnlContext context;
  DnnlWeights weights(F32(Tag::oihw), {});
  const Tensor w = RandomTensor("w", kShape);
  weights.Set(w.data<float>());
  const Tensor got = weights.In(F32(Tag::oihw), Pass::kForward, &context);
  EXPECT_EQ(memcmp(got.raw(), w.raw(), w.num_bytes()), 0);
}

}  // namespace
}  // namespace fcis::kernels
