// PSROI pooling against the references, on every backend: chainer-fcis's GPU
// arithmetic, chainercv's unrounded RoIs, MXNet's operator.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// One fixture case; x and y keep the file's layout.
struct Case {
  PsroiParams params;
  int depth;
  Tensor x, rois, y;
  std::string at;
};

Case ReadCase(const GoldenFile& golden, int i) {
  Case c;
  c.at = absl::StrCat("psroi", i, "/");
  const std::vector<int> sizes = golden.Ints(c.at + "outsize_group_dim");
  c.params.roi_size = sizes[0];
  c.params.group_size = sizes[2];
  c.params.spatial_scale = golden.Float(c.at + "spatial_scale");
  c.depth = sizes[3];
  c.x = golden.Get(c.at + "x");
  c.rois = golden.Get(c.at + "rois");
  c.y = golden.Get(c.at + "y");
  return c;
}

// The other two sets' cases have one picture and name their sizes alike.
Case ReadOnePicture(const GoldenFile& golden, const std::string& at,
                    PsroiRounding rounding) {
  Case c;
  c.at = at;
  const std::vector<int> sizes = golden.Ints(at + "dim_group_size");
  c.depth = sizes[0];
  c.params.group_size = sizes[1];
  c.params.roi_size = sizes[2];
  c.params.spatial_scale = golden.Float(at + "spatial_scale");
  c.params.rounding = rounding;
  const Tensor x = golden.Get(at + "x");
  c.x = x.Reshaped({1, x.dim(0), x.dim(1), x.dim(2)});
  c.rois = golden.Get(at + "rois");
  return c;
}

// chainercv's RoIs (y1, x1, y2, x2) become rows (0, x1, y1, x2, y2).
Case ReadChainercvCase(const GoldenFile& golden, int i) {
  Case c = ReadOnePicture(golden, absl::StrCat("psroi", i, "/"),
                          PsroiRounding::kNone);
  Tensor rows(Shape{c.rois.dim(0), 5});
  float* to = rows.mutable_data<float>();
  for (int64_t r = 0; r < c.rois.dim(0); ++r) {
    const float* b = c.rois.data<float>() + 4 * r;
    for (const float v : {0.0f, b[1], b[0], b[3], b[2]}) *to++ = v;
  }
  c.rois = rows;
  c.y = golden.Get(c.at + "y_cpu");
  return c;
}

Case ReadMxnetCase(const GoldenFile& golden, int i) {
  Case c = ReadOnePicture(golden, absl::StrCat("mxpsroi", i, "/"),
                          PsroiRounding::kRoundThenScaleInclusive);
  c.y = golden.Get(c.at + "y");
  return c;
}

// Image n of the file's maps, channels in our order: [H,W,G*G*D].
Tensor OurMaps(const Case& c, int64_t n) {
  const int g = c.params.group_size;
  const int64_t h = c.x.dim(2), w = c.x.dim(3), channels = c.x.dim(1);
  Tensor maps(Shape{h, w, channels});
  const float* from = c.x.data<float>() + n * channels * h * w;
  float* to = maps.mutable_data<float>();
  for (int64_t pixel = 0; pixel < h * w; ++pixel) {
    for (int bin = 0; bin < g * g; ++bin) {
      for (int d = 0; d < c.depth; ++d) {
        to[pixel * channels + PsroiChannel(g, c.depth, bin / g, bin % g, d)] =
            from[PsroiReferenceChannel(g, bin / g, bin % g, d) * h * w + pixel];
      }
    }
  }
  return maps;
}

// RoIs of image n without its index, and their rows of y as [R,P,P,D].
void OfImage(const Case& c, int64_t n, Tensor* rois, Tensor* want) {
  const Tensor y = NchwToNhwc(c.y);
  const int64_t of_roi = y.num_elements() / y.dim(0);
  std::vector<float> boxes, values;
  for (int64_t r = 0; r < c.rois.dim(0); ++r) {
    const float* row = c.rois.data<float>() + 5 * r;
    if (row[0] != static_cast<float>(n)) continue;
    boxes.insert(boxes.end(), row + 1, row + 5);
    const float* pooled = y.data<float>() + r * of_roi;
    values.insert(values.end(), pooled, pooled + of_roi);
  }
  const int64_t count = static_cast<int64_t>(boxes.size()) / 4;
  *rois = Tensor::FromSpan<float>(Shape{count, 4}, boxes);
  *want = Tensor::FromSpan<float>(Shape{count, y.dim(1), y.dim(2), y.dim(3)},
                                  values);
}

class PsroiParityTest : public ::testing::TestWithParam<std::string> {};

TEST_P(PsroiParityTest, PooledValuesAreTheReferencesBits) {
  const GoldenFile golden("psroi.npz");
  const auto backend = MakeTestBackend(GetParam());
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const Case c = ReadCase(golden, i);
    SCOPED_TRACE(c.at);
    for (int64_t n = 0; n < c.x.dim(0); ++n) {
      Tensor rois, want;
      OfImage(c, n, &rois, &want);
      const auto y =
          OnHost(*backend, ops::Psroi(*backend, PsroiForm::kPool, c.params,
                                      OurMaps(c, n), rois));
      ASSERT_TRUE(y.ok()) << y.status();
      EXPECT_TRUE(AllEqual(*y, want));
    }
  }
}

// Rows of i8 [R,4,P] that are equal in both.
std::vector<bool> EqualRows(const Tensor& a, const Tensor& b) {
  std::vector<bool> equal;
  const int64_t row = a.num_elements() / a.dim(0);
  for (int64_t r = 0; r < a.dim(0); ++r) {
    const int8_t* first = a.data<int8_t>() + r * row;
    equal.push_back(std::equal(first, first + row, b.data<int8_t>() + r * row));
  }
  return equal;
}

// The library's CPU code computes windows in double: it is compared where that
// moves none. The GPU kernel, restated, is compared everywhere.
TEST_P(PsroiParityTest, ChainercvPoolsUnroundedRois) {
  const GoldenFile golden("chainercv/psroi.npz");
  const auto backend = MakeTestBackend(GetParam());
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    Case c = ReadChainercvCase(golden, i);
    SCOPED_TRACE(c.at);
    Tensor rois, want;
    OfImage(c, 0, &rois, &want);
    const auto y = OnHost(*backend, ops::Psroi(*backend, PsroiForm::kPool,
                                               c.params, OurMaps(c, 0), rois));
    ASSERT_TRUE(y.ok()) << y.status();
    const std::vector<bool> same = EqualRows(golden.Get(c.at + "edges_cpu"),
                                             golden.Get(c.at + "edges_gpu"));
    EXPECT_GT(std::count(same.begin(), same.end(), true), 0);
    for (size_t r = 0; r < same.size(); ++r) {
      if (!same[r]) continue;
      EXPECT_TRUE(AllNear(RowOf(*y, r), RowOf(want, r), 1e-6)) << r;
    }
    if (!golden.Has(c.at + "y_gpu")) continue;
    c.y = golden.Get(c.at + "y_gpu");
    OfImage(c, 0, &rois, &want);
    EXPECT_TRUE(AllNear(*y, want, 1e-6));
  }
}

TEST_P(PsroiParityTest, MxnetPoolsInclusively) {
  const GoldenFile golden("chainercv/mxnet_psroi.npz");
  const auto backend = MakeTestBackend(GetParam());
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const Case c = ReadMxnetCase(golden, i);
    SCOPED_TRACE(c.at);
    Tensor rois, want;
    OfImage(c, 0, &rois, &want);
    ASSERT_EQ(rois.dim(0), c.rois.dim(0)) << "RoIs of one picture";
    const auto y = OnHost(*backend, ops::Psroi(*backend, PsroiForm::kPool,
                                               c.params, OurMaps(c, 0), rois));
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_TRUE(AllEqual(*y, want));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, PsroiParityTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

// Window edges along one axis: columns lo and hi of the RoIs.
void ExpectWindows(const GoldenFile& golden, const Case& c,
                   const std::string& axis, int lo, int hi, int64_t extent) {
  const Tensor start = golden.Get(c.at + axis + "_start");
  const Tensor end = golden.Get(c.at + axis + "_end");
  for (int64_t r = 0; r < c.rois.dim(0); ++r) {
    const float* roi = c.rois.data<float>() + 5 * r;
    const PsroiAxis a = MakePsroiAxis(c.params, roi[lo], roi[hi]);
    for (int p = 0; p < c.params.roi_size; ++p) {
      const PsroiWindow w = MakePsroiWindow(a, p, static_cast<int>(extent));
      const int64_t at = r * c.params.roi_size + p;
      EXPECT_EQ(w.start, start.data<int32_t>()[at]) << axis << r << " " << p;
      EXPECT_EQ(w.end, end.data<int32_t>()[at]) << axis << r << " " << p;
    }
  }
}

TEST(PsroiWindows, AreTheReferences) {
  const GoldenFile golden("psroi.npz");
  for (int i = 0; i < golden.Int("n_cases"); ++i) {
    const Case c = ReadCase(golden, i);
    SCOPED_TRACE(c.at);
    ExpectWindows(golden, c, "w", 1, 3, c.x.dim(3));
    ExpectWindows(golden, c, "h", 2, 4, c.x.dim(2));
  }
}

// Windows are those of float32 without fused multiply-add, which some RoIs can
// tell from double and from float32 with it.
TEST(PsroiWindows, AreChainercvsGpuWindows) {
  const GoldenFile golden("chainercv/psroi.npz");
  int tell_double = 0, tell_fused = 0;
  for (int i = 0; i < golden.Int("n_cases"); ++i) {
    const Case c = ReadChainercvCase(golden, i);
    SCOPED_TRACE(c.at);
    const Tensor edges = golden.Get(c.at + "edges_gpu");
    for (const bool same : EqualRows(edges, golden.Get(c.at + "edges_cpu"))) {
      tell_double += !same;
    }
    for (const bool same :
         EqualRows(edges, golden.Get(c.at + "edges_gpu_fma"))) {
      tell_fused += !same;
    }
    const int cells = c.params.roi_size;
    for (int64_t r = 0; r < c.rois.dim(0); ++r) {
      const float* roi = c.rois.data<float>() + 5 * r;
      const PsroiAxis y = MakePsroiAxis(c.params, roi[2], roi[4]);
      const PsroiAxis x = MakePsroiAxis(c.params, roi[1], roi[3]);
      const int8_t* want = edges.data<int8_t>() + 4 * cells * r;
      for (int p = 0; p < cells; ++p) {
        const PsroiWindow h =
            MakePsroiWindow(y, p, static_cast<int>(c.x.dim(2)));
        const PsroiWindow w =
            MakePsroiWindow(x, p, static_cast<int>(c.x.dim(3)));
        EXPECT_EQ(h.start, want[p]) << r << " " << p;
        EXPECT_EQ(h.end, want[cells + p]) << r << " " << p;
        EXPECT_EQ(w.start, want[2 * cells + p]) << r << " " << p;
        EXPECT_EQ(w.end, want[3 * cells + p]) << r << " " << p;
      }
    }
  }
  EXPECT_GT(tell_double, 0);
  EXPECT_GT(tell_fused, 0);
}

}  // namespace
}  // namespace fcis::kernels
