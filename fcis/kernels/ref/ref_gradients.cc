#include "fcis/kernels/ref/ref_gradients.h"

#include <algorithm>
#include <vector>

namespace fcis {
namespace {

Tensor Rounded(const std::vector<double>& sums, const Shape& shape) {
  Tensor t(shape);
  std::transform(sums.begin(), sums.end(), t.mutable_data<float>(),
                 [](double v) { return static_cast<float>(v); });
  return t;
}

// Calls visit(output pixel, input pixel, kernel tap) for every pair of pixels
// that a tap joins.
template <typename Visit>
void ForEachTap(const ConvParams& p, const Shape& x, const Shape& w,
                const Shape& y, const Visit& visit) {
  for (int64_t n = 0; n < y.dim(0); ++n) {
    for (int64_t oy = 0; oy < y.dim(1); ++oy) {
      for (int64_t ox = 0; ox < y.dim(2); ++ox) {
        const int64_t out = (n * y.dim(1) + oy) * y.dim(2) + ox;
        for (int64_t tap = 0; tap < w.dim(2) * w.dim(3); ++tap) {
          const int64_t iy =
              oy * p.stride - p.pad + tap / w.dim(3) * p.dilation;
          const int64_t ix =
              ox * p.stride - p.pad + tap % w.dim(3) * p.dilation;
          if (iy < 0 || ix < 0 || iy >= x.dim(1) || ix >= x.dim(2)) continue;
          visit(out, (n * x.dim(1) + iy) * x.dim(2) + ix, tap);
        }
      }
    }
  }
}

}  // namespace

Tensor RefConvGradientOfX(const ConvParams& params, const Shape& x,
                          const Tensor& weight, const Tensor& gy) {
  const int64_t outs = weight.dim(0), ins = weight.dim(1);
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<double> gx(x.num_elements());
  ForEachTap(params, x, weight.shape(), gy.shape(),
             [&](int64_t out, int64_t in, int64_t tap) {
               for (int64_t o = 0; o < outs; ++o) {
                 const double g = gy.data<float>()[out * outs + o];
                 for (int64_t i = 0; i < ins; ++i) {
                   const int64_t w = (o * ins + i) * taps + tap;
                   gx[in * ins + i] += g * weight.data<float>()[w];
                 }
               }
             });
  return Rounded(gx, x);
}

WeightGradients RefConvGradientOfWeight(const ConvParams& params,
                                        const Tensor& x, const Shape& weight,
                                        const Tensor& gy) {
  const int64_t outs = weight.dim(0), ins = weight.dim(1);
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<double> gw(weight.num_elements()), gb(outs);
  for (int64_t i = 0; i < gy.num_elements(); ++i) {
    gb[i % outs] += gy.data<float>()[i];
  }
  ForEachTap(params, x.shape(), weight, gy.shape(),
             [&](int64_t out, int64_t in, int64_t tap) {
               for (int64_t o = 0; o < outs; ++o) {
                 const double g = gy.data<float>()[out * outs + o];
                 for (int64_t i = 0; i < ins; ++i) {
                   gw[(o * ins + i) * taps + tap] +=
                       g * x.data<float>()[in * ins + i];
                 }
               }
             });
  return {Rounded(gw, weight), Rounded(gb, Shape{outs})};
}

Tensor RefMaxPoolGradient(const MaxPoolParams& params, const Tensor& x,
                          const Tensor& gy) {
  std::vector<double> gx(x.num_elements());
  const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
  const float* g = gy.data<float>();
  for (int64_t n = 0; n < gy.dim(0); ++n) {
    for (int64_t oy = 0; oy < gy.dim(1); ++oy) {
      for (int64_t ox = 0; ox < gy.dim(2); ++ox) {
        for (int64_t c = 0; c < channels; ++c) {
          int64_t best = -1;
          const int64_t y0 = oy * params.stride, x0 = ox * params.stride;
          for (int64_t y = y0; y < std::min(height, y0 + params.kernel); ++y) {
            for (int64_t w = x0; w < std::min(width, x0 + params.kernel); ++w) {
              const int64_t i = ((n * height + y) * width + w) * channels + c;
              if (best < 0 || x.data<float>()[i] > x.data<float>()[best]) {
                best = i;
              }
            }
          }
          gx[best] += *g++;
        }
      }
    }
  }
  return Rounded(gx, x.shape());
}

Tensor RefPsroiPoolGradient(const PsroiParams& params, const Shape& maps,
                            const Tensor& rois, const Tensor& gy) {
  std::vector<double> gx(maps.num_elements());
  const int cells = params.roi_size;
  const int64_t depth = gy.dim(3);
  const float* g = gy.data<float>();
  for (int64_t r = 0; r < rois.dim(0); ++r) {
    const float* roi = rois.data<float>() + 4 * r;
    const PsroiAxis axis_y = MakePsroiAxis(params, roi[1], roi[3]);
    const PsroiAxis axis_x = MakePsroiAxis(params, roi[0], roi[2]);
    for (int cell = 0; cell < cells * cells; ++cell, g += depth) {
      const int ph = cell / cells, pw = cell % cells;
      const PsroiWindow h =
          MakePsroiWindow(axis_y, ph, static_cast<int>(maps.dim(0)));
      const PsroiWindow w =
          MakePsroiWindow(axis_x, pw, static_cast<int>(maps.dim(1)));
      const double area = static_cast<double>(h.size()) * w.size();
      const int64_t channel =
          PsroiChannel(params.group_size, static_cast<int>(depth),
                       PsroiGroup(params, ph), PsroiGroup(params, pw), 0);
      for (int y = h.start; y < h.end; ++y) {
        for (int x = w.start; x < w.end; ++x) {
          double* to = &gx[(y * maps.dim(1) + x) * maps.dim(2) + channel];
          for (int64_t d = 0; d < depth; ++d) to[d] += g[d] / area;
        }
      }
    }
  }
  return Rounded(gx, maps);
}

Tensor RefPsroiMeanGradient(const PsroiParams& params, const Shape& maps,
                            const Tensor& rois, const Tensor& gy) {
  const int64_t cells = int64_t{params.roi_size} * params.roi_size;
  const int64_t depth = gy.dim(1);
  Tensor of_cells(Shape{gy.dim(0), params.roi_size, params.roi_size, depth});
  float* to = of_cells.mutable_data<float>();
  for (int64_t r = 0; r < gy.dim(0); ++r) {
    for (int64_t cell = 0; cell < cells; ++cell) {
      for (int64_t d = 0; d < depth; ++d) {
        *to++ = gy.data<float>()[r * depth + d] / cells;
      }
    }
  }
  return RefPsroiPoolGradient(params, maps, rois, of_cells);
}

Tensor RefPsroiClassGradient(const PsroiParams& params, const Shape& maps,
                             const Tensor& rois, const Tensor& pooled,
                             const Tensor& gscores, const Tensor& classes,
                             const Tensor& gpairs) {
  const int64_t cells = int64_t{params.roi_size} * params.roi_size;
  const int64_t num_classes = gscores.dim(1);
  Tensor of_cells(pooled.shape());
  for (int64_t r = 0; r < gscores.dim(0); ++r) {
    for (int64_t cell = r * cells; cell < (r + 1) * cells; ++cell) {
      const float* from = pooled.data<float>() + cell * 2 * num_classes;
      float* to = of_cells.mutable_data<float>() + cell * 2 * num_classes;
      for (int64_t c = 0; c < num_classes; ++c) {
        PairMaxGradient(from[2 * c], from[2 * c + 1],
                        gscores.data<float>()[r * num_classes + c],
                        static_cast<int>(cells), to + 2 * c, to + 2 * c + 1);
      }
      const int32_t c = classes.data<int32_t>()[r];
      if (c < 0) continue;
      to[2 * c] += gpairs.data<float>()[2 * cell];
      to[2 * c + 1] += gpairs.data<float>()[2 * cell + 1];
    }
  }
  return RefPsroiPoolGradient(params, maps, rois, of_cells);
}

}  // namespace fcis
