#include "fcis/kernels/cpu/psroi_windows.h"

#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Every cell is in exactly one run of its bin, with its own window, unless the
// window is empty.
void ExpectCovers(const PsroiParams& params, int extent) {
  const Tensor rois = RandomRois("rois", 200, 300, 200);
  const PsroiWindows windows(params, rois, 0, 2, extent);
  for (int64_t r = 0; r < rois.dim(0); ++r) {
    const float* roi = rois.data<float>() + 4 * r;
    const PsroiAxis axis = MakePsroiAxis(params, roi[0], roi[2]);
    std::vector<int> covered(params.roi_size);
    for (int bin = 0; bin < params.group_size; ++bin) {
      for (const PsroiRun& run : windows.runs(r, bin)) {
        for (int p = run.first; p < run.first + run.count; ++p) {
          const PsroiWindow w = MakePsroiWindow(axis, p, extent);
          EXPECT_EQ(PsroiGroup(params, p), bin);
          EXPECT_EQ(run.start, w.start);
          EXPECT_EQ(run.end, w.end);
          ++covered[p];
        }
      }
    }
    for (int p = 0; p < params.roi_size; ++p) {
      EXPECT_EQ(covered[p], MakePsroiWindow(axis, p, extent).size() > 0);
    }
  }
}

TEST(PsroiWindows, RunsCoverTheCells) {
  for (const int group : {1, 3, 7}) {
    for (const int roi_size : {7, 9, 21}) {
      PsroiParams params;
      params.group_size = group;
      params.roi_size = roi_size;
      ExpectCovers(params, 13);
    }
  }
}

TEST(PsroiWindows, EqualWindowsAreMerged) {
  PsroiParams params;
  params.spatial_scale = 1;
  // A tenth of a pixel: all 21 cells see map pixel 4 alone, or 4 and 5.
  const Tensor rois = Tensor::FromSpan<float>(Shape{1, 4}, {4, 4, 4, 4});
  const PsroiWindows windows(params, rois, 0, 2, 10);
  for (int bin = 0; bin < 7; ++bin) {
    ASSERT_EQ(windows.runs(0, bin).size(), 1u);
    EXPECT_EQ(windows.runs(0, bin)[0].start, 4);
    EXPECT_EQ(windows.runs(0, bin)[0].count, 3);
  }
}

TEST(PsroiWindows, NoRois) {
  const PsroiWindows windows(PsroiParams(), Tensor::Zeros(Shape{0, 4}), 0, 2,
                             10);
}

}  // namespace
}  // namespace fcis::kernels
