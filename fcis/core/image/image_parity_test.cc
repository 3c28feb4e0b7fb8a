// Preparation and resizing against the reference.
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/image/image.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/image/resize.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

InputConfig Config(int min_size, int max_size) {
  InputConfig config;
  config.set_min_size(min_size);
  config.set_max_size(max_size);
  for (const float mean : {123.15f, 115.90f, 103.06f}) config.add_mean(mean);
  return config;
}

TEST(SizeToPrepare, Table) {
  const GoldenFile golden("prepare.npz");
  const Tensor table = golden.Get("size_table");
  const Tensor scales = golden.Get("size_table_scale_f64");
  ASSERT_GT(table.dim(0), 0);
  for (int64_t i = 0; i < table.dim(0); ++i) {
    const int32_t* row = table.data<int32_t>() + 6 * i;
    const PreparedSize size =
        SizeToPrepare(row[0], row[1], Config(row[2], row[3]));
    EXPECT_EQ(size.height, row[4]) << i;
    EXPECT_EQ(size.width, row[5]) << i;
    EXPECT_EQ(size.scale, scales.data<double>()[i]) << i;
  }
}

TEST(SizeToPrepare, NeverVanishes) {
  const PreparedSize wide = SizeToPrepare(1, 100000, Config(600, 1000));
  EXPECT_EQ(wide.height, 1);
  EXPECT_EQ(wide.width, 1000);
  EXPECT_DOUBLE_EQ(wide.scale, 0.01);
  EXPECT_DOUBLE_EQ(wide.width_scale, 0.01);
  const PreparedSize high = SizeToPrepare(3000, 1, Config(600, 1000));
  EXPECT_EQ(high.width, 1);
  EXPECT_EQ(high.height, 1000);
  EXPECT_DOUBLE_EQ(high.scale, 1 / 3.);
  EXPECT_DOUBLE_EQ(high.width_scale, 1 / 3.);
}

TEST(Prepare, Pictures) {
  const GoldenFile golden("prepare.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](const char* s) { return absl::StrCat("prep", i, s); };
    const Image image = ImageFromChw(golden.Get(name("/img")));
    const std::vector<int> sizes = golden.Ints(name("/min_max"));
    const InputConfig config = Config(sizes[0], sizes[1]);
    const absl::StatusOr<Tensor> got = Prepare(image, config);
    ASSERT_TRUE(got.ok()) << got.status();
    Tensor want = golden.Get(name("/prepared"));
    want = want.Reshaped({1, want.dim(0), want.dim(1), want.dim(2)});
    EXPECT_TRUE(AllNear(NhwcToNchw(*got), want, 5e-5));
    EXPECT_EQ(SizeToPrepare(image.height, image.width, config).scale,
              golden.Double(name("/scale_f64")));
  }
}

TEST(Prepare, EmptyPictureIsAnError) {
  EXPECT_FALSE(Prepare(Image(), Config(600, 1000)).ok());
}

TEST(ResizeBilinear, IsOpenCvs) {
  const GoldenFile golden("mask_resize.npz");
  const int cases = golden.Int("n_resize");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const Tensor src = golden.Get(absl::StrCat("rs", i, "/src"));
    const Tensor want = golden.Get(absl::StrCat("rs", i, "/dst"));
    Tensor got(want.shape());
    ResizeBilinear(src.data<float>(), src.dim(0), src.dim(1),
                   got.mutable_data<float>(), got.dim(0), got.dim(1));
    EXPECT_TRUE(AllNear(got, want, 2e-6)) << i;
  }
}

TEST(ResizeNearest, IsOpenCvs) {
  const GoldenFile golden("mask_resize.npz");
  const int cases = golden.Int("n_nearest");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const Tensor src = golden.Get(absl::StrCat("nn", i, "/src"));
    const Tensor want = golden.Get(absl::StrCat("nn", i, "/dst"));
    Tensor got(want.shape(), DType::kU8);
    ResizeNearest(src.data<uint8_t>(), src.dim(0), src.dim(1),
                  got.mutable_data<uint8_t>(), got.dim(0), got.dim(1));
    EXPECT_TRUE(AllEqual(got, want)) << i;
  }
}

}  // namespace
}  // namespace fcis
