// Gradients of the pools against the reference's numbers.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/psroi_bodies.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

template <typename Body>
void RunAll(const Body& body, int64_t count) {
  for (int64_t i = 0; i < count; ++i) body(i);
}

// The gradient of maps [H,W,G*G*D] from that of the cells, gy [R,P,P,D].
Tensor PoolGradient(const PsroiParams& params, const Shape& maps,
                    const Tensor& rois, const Tensor& gy) {
  const int64_t n = rois.dim(0);
  const int height = static_cast<int>(maps.dim(0));
  const int width = static_cast<int>(maps.dim(1));
  const int depth = static_cast<int>(gy.dim(3)), size = params.roi_size;
  const PsroiInput<float> in = {params, nullptr, height,
                                width,  depth,   rois.data<float>()};
  Tensor shares(gy.shape()), gmaps(maps);
  for (int64_t i = 0; i < gy.num_elements(); ++i) {
    const int64_t index = i / depth;
    const int cell = static_cast<int>(index % in.cells());
    shares.mutable_data<float>()[i] =
        PsroiShare(CellOf(in, index / in.cells(), cell / size, cell % size),
                   gy.data<float>()[i]);
  }
  PsroiSpansBody list = {params, height, width, n, in.rois, nullptr};
  std::vector<PsroiSpan> spans(list.lists() * (n + 1));
  list.spans = spans.data();
  const PsroiGatherBody gather = {params,
                                  height,
                                  width,
                                  depth,
                                  n,
                                  spans.data(),
                                  shares.data<float>(),
                                  gmaps.mutable_data<float>()};
  RunAll(list, list.lists());
  RunAll(gather, gather.indices());
  return gmaps;
}

TEST(MaxPoolGradientParity, EveryCase) {
  const GoldenFile golden("ops_pool.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("pool", i, "/");
    const Tensor x = NchwToNhwc(golden.Get(at + "x"));
    const Tensor gy = NchwToNhwc(golden.Get(at + "gy"));
    const auto extent = [](const Tensor& t, int axis) {
      return static_cast<int>(t.dim(axis));
    };
    const MaxPoolParams params;
    Tensor gx(x.shape());
    const MaxPoolGradientBody<float> body = {
        {params.kernel, params.stride, extent(x, 1), extent(x, 2), extent(x, 3),
         extent(gy, 1), extent(gy, 2)},
        x.data<float>(),
        gy.data<float>(),
        gx.mutable_data<float>()};
    RunAll(body, x.num_elements());
    EXPECT_TRUE(AllEqual(NhwcToNchw(gx), golden.Get(at + "gx"))) << at;
  }
}

// The fixtures' maps [N, D*G*G, H, W] of one picture, [H,W,G*G*D] here; and
// back.
Tensor BinMajor(const Tensor& nchw, int64_t n, int group) {
  const int depth = static_cast<int>(nchw.dim(1) / group / group);
  const int64_t plane = nchw.dim(2) * nchw.dim(3);
  Tensor out(Shape{nchw.dim(2), nchw.dim(3), nchw.dim(1)});
  for (int g = 0; g < group * group; ++g) {
    for (int d = 0; d < depth; ++d) {
      const int64_t from =
          PsroiReferenceChannel(group, g / group, g % group, d);
      const int64_t to = PsroiChannel(group, depth, g / group, g % group, d);
      for (int64_t i = 0; i < plane; ++i) {
        out.mutable_data<float>()[i * nchw.dim(1) + to] =
            nchw.data<float>()[(n * nchw.dim(1) + from) * plane + i];
      }
    }
  }
  return out;
}

TEST(PsroiPoolGradientParity, EveryCase) {
  const GoldenFile golden("psroi.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("psroi", i, "/");
    const std::vector<int> sizes = golden.Ints(at + "outsize_group_dim");
    PsroiParams params;
    params.roi_size = sizes[0];
    params.group_size = sizes[2];
    params.spatial_scale = golden.Float(at + "spatial_scale");
    const Tensor want = golden.Get(at + "gx");
    const Tensor rois = golden.Get(at + "rois");
    const Tensor gy = golden.Get(at + "gy");  // [R,D,P,P]
    const int64_t row = gy.num_elements() / gy.dim(0);
    for (int64_t n = 0; n < want.dim(0); ++n) {
      std::vector<float> boxes, grads;
      for (int64_t r = 0; r < rois.dim(0); ++r) {
        const float* v = rois.data<float>() + 5 * r;
        if (v[0] != n) continue;
        boxes.insert(boxes.end(), v + 1, v + 5);
        const float* g = gy.data<float>() + r * row;
        grads.insert(grads.end(), g, g + row);
      }
      const int64_t count = boxes.size() / 4;
      const Tensor cells = NchwToNhwc(Tensor::FromSpan<float>(
          {count, gy.dim(1), gy.dim(2), gy.dim(3)}, grads));
      const Tensor expected = BinMajor(want, n, params.group_size);
      EXPECT_TRUE(AllNear(
          PoolGradient(params, expected.shape(),
                       Tensor::FromSpan<float>({count, 4}, boxes), cells),
          expected, 1e-5))
          << at;
    }
  }
}

// chainercv and MXNet: one picture; gx [1,C,H,W] or [C,H,W].
void ExpectPoolGradient(const GoldenFile& golden, const std::string& at,
                        PsroiRounding rounding, const Tensor& rois,
                        const Tensor& gx) {
  SCOPED_TRACE(at);
  const std::vector<int> sizes = golden.Ints(at + "dim_group_size");
  PsroiParams params;
  params.group_size = sizes[1];
  params.roi_size = sizes[2];
  params.spatial_scale = golden.Float(at + "spatial_scale");
  params.rounding = rounding;
  const Tensor x = golden.Get(at + "x");
  const Tensor want = BinMajor(gx.Reshaped({1, x.dim(0), x.dim(1), x.dim(2)}),
                               0, params.group_size);
  EXPECT_TRUE(AllNear(PoolGradient(params, want.shape(), rois,
                                   NchwToNhwc(golden.Get(at + "gy"))),
                      want, 2e-5));
}

TEST(PsroiPoolGradientParity, ChainercvsCases) {
  const GoldenFile golden("chainercv/psroi.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("psroi", i, "/");
    const Tensor yxyx = golden.Get(at + "rois");
    Tensor rois(yxyx.shape());
    for (int64_t k = 0; k < yxyx.num_elements(); ++k) {
      rois.mutable_data<float>()[k] = yxyx.data<float>()[k ^ 1];
    }
    int compared = 0;
    for (const char* gx : {"gx_cpu", "gx_gpu"}) {
      if (!golden.Has(at + gx)) continue;
      ++compared;
      ExpectPoolGradient(golden, at, PsroiRounding::kNone, rois,
                         golden.Get(at + gx));
    }
    EXPECT_EQ(compared, 1) << at;
  }
}

TEST(PsroiPoolGradientParity, MxnetsCases) {
  const GoldenFile golden("chainercv/mxnet_psroi.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("mxpsroi", i, "/");
    const Tensor rows = golden.Get(at + "rois");  // picture, x1, y1, x2, y2
    Tensor rois(Shape{rows.dim(0), 4});
    for (int64_t r = 0; r < rows.dim(0); ++r) {
      EXPECT_EQ(rows.data<float>()[5 * r], 0);
      std::copy_n(rows.data<float>() + 5 * r + 1, 4,
                  rois.mutable_data<float>() + 4 * r);
    }
    ExpectPoolGradient(golden, at, PsroiRounding::kRoundThenScaleInclusive,
                       rois, golden.Get(at + "gx"));
  }
}

}  // namespace
}  // namespace fcis::kernels
