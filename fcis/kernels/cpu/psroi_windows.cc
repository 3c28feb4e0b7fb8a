#include "fcis/kernels/cpu/psroi_windows.h"

namespace fcis::kernels {

PsroiWindows::PsroiWindows(const PsroiParams& params, const Tensor& rois,
                           int lo, int hi, int extent)
    : bins_(params.group_size) {
  runs_.reserve(rois.dim(0) * params.roi_size);
  begin_.reserve(rois.dim(0) * (bins_ + 1));
  const float* roi = rois.data<float>();
  for (int64_t r = 0; r < rois.dim(0); ++r, roi += 4) {
    AddRoi(params, MakePsroiAxis(params, roi[lo], roi[hi]), extent);
  }
}

void PsroiWindows::AddRoi(const PsroiParams& params, const PsroiAxis& axis,
                          int extent) {
  int bin = -1;
  bool fresh = true;  // no run of this bin yet
  for (int p = 0; p < params.roi_size; ++p) {
    for (; bin < PsroiGroup(params, p); ++bin, fresh = true) {
      begin_.push_back(static_cast<int32_t>(runs_.size()));
    }
    const PsroiWindow w = MakePsroiWindow(axis, p, extent);
    if (w.size() == 0) continue;
    if (!fresh && runs_.back().start == w.start && runs_.back().end == w.end) {
      ++runs_.back().count;
    } else {
      runs_.push_back({w.start, w.end, p, 1});
      fresh = false;
    }
  }
  begin_.push_back(static_cast<int32_t>(runs_.size()));
}

}  // namespace fcis::kernels
