#include "fcis/kernels/ref/ref_psroi.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/map_type.h"

namespace fcis {
namespace {

struct Cell {
  PsroiWindow h, w;
  int64_t channel;  // of value 0
};

Cell MakeCell(const PsroiParams& p, const Tensor& maps, const float* roi,
              int64_t depth, int ph, int pw) {
  const PsroiAxis y = MakePsroiAxis(p, roi[1], roi[3]);
  const PsroiAxis x = MakePsroiAxis(p, roi[0], roi[2]);
  return {MakePsroiWindow(y, ph, static_cast<int>(maps.dim(0))),
          MakePsroiWindow(x, pw, static_cast<int>(maps.dim(1))),
          PsroiChannel(p.group_size, static_cast<int>(depth), PsroiGroup(p, ph),
                       PsroiGroup(p, pw), 0)};
}

// Mean of `count` channels from value `first` on.
template <typename T>
void AverageCell(const Tensor& maps, const Cell& cell, int64_t first,
                 int64_t count, float* y) {
  std::fill_n(y, count, 0.0f);
  const int area = cell.h.size() * cell.w.size();
  if (area == 0) return;
  for (int h = cell.h.start; h < cell.h.end; ++h) {
    for (int w = cell.w.start; w < cell.w.end; ++w) {
      const T* pixel = maps.data<T>() + (h * maps.dim(1) + w) * maps.dim(2) +
                       cell.channel + first;
      for (int64_t d = 0; d < count; ++d) y[d] += LoadF32(pixel[d]);
    }
  }
  for (int64_t d = 0; d < count; ++d) y[d] /= static_cast<float>(area);
}

// Calls visit(roi index, cell index, values) for all cells, with the averages
// of `count` values from first(roi index) on.
template <typename First, typename Visit>
void ForEachCell(const PsroiParams& p, const Tensor& maps, const Tensor& rois,
                 int64_t count, const First& first, const Visit& visit) {
  const auto average = WithMapType(maps.type(), [](auto t) {
    return &AverageCell<MapElement<decltype(t)>>;
  });
  const int64_t depth = maps.dim(2) / p.group_size / p.group_size;
  ParallelFor(rois.dim(0), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> values(count);
    for (int64_t r = begin; r < end; ++r) {
      const float* roi = rois.data<float>() + 4 * r;
      for (int c = 0; c < p.roi_size * p.roi_size; ++c) {
        const Cell cell =
            MakeCell(p, maps, roi, depth, c / p.roi_size, c % p.roi_size);
        average(maps, cell, first(r), count, values.data());
        visit(r, c, values);
      }
    }
  });
}

int64_t FirstValue(int64_t) { return 0; }

}  // namespace

void RefPsroiPool(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, Tensor* y) {
  const int64_t depth = y->dim(3), cells = y->dim(1) * y->dim(2);
  float* to = y->mutable_data<float>();
  ForEachCell(params, maps, rois, depth, FirstValue,
              [&](int64_t r, int c, const std::vector<float>& values) {
                std::copy(values.begin(), values.end(),
                          to + (r * cells + c) * depth);
              });
}

void RefPsroiMean(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, Tensor* y) {
  const int64_t depth = y->dim(1);
  const float cells = static_cast<float>(params.roi_size * params.roi_size);
  float* to = y->mutable_data<float>();
  std::fill_n(to, y->num_elements(), 0.0f);
  ForEachCell(params, maps, rois, depth, FirstValue,
              [&](int64_t r, int, const std::vector<float>& values) {
                for (int64_t d = 0; d < depth; ++d) {
                  to[r * depth + d] += values[d];
                }
              });
  for (float& v : y->mutable_span<float>()) v /= cells;
}

void RefPsroiClassScores(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) {
  const int64_t classes = y->dim(1);
  const float cells = static_cast<float>(params.roi_size * params.roi_size);
  float* to = y->mutable_data<float>();
  std::fill_n(to, y->num_elements(), 0.0f);
  ForEachCell(params, maps, rois, 2 * classes, FirstValue,
              [&](int64_t r, int, const std::vector<float>& values) {
                for (int64_t k = 0; k < classes; ++k) {
                  to[r * classes + k] +=
                      std::max(values[2 * k], values[2 * k + 1]);
                }
              });
  for (float& v : y->mutable_span<float>()) v /= cells;
}

void RefPsroiClassPair(const PsroiParams& params, const Tensor& maps,
                       const Tensor& rois, const Tensor& classes, Tensor* y) {
  const int64_t cells = y->dim(1) * y->dim(2);
  const int32_t* label = classes.data<int32_t>();
  float* to = y->mutable_data<float>();
  ForEachCell(
      params, maps, rois, 2, [&](int64_t r) { return 2 * label[r]; },
      [&](int64_t r, int c, const std::vector<float>& values) {
        std::copy(values.begin(), values.end(), to + (r * cells + c) * 2);
      });
}

}  // namespace fcis
