// The ops of a backend that are our own (all but convolutions), forward and
// back, as launches of bodies (launch.h). The same code marshals for the GPU
// (CudaExecutor) and for the tests' emulation of it (EmulatedExecutor). An
// executor has
//   template <typename Body> absl::Status Run(const Body&, int64_t count);
//   absl::StatusOr<Tensor> Allocate(const Shape&, DType);   on its device
//   absl::StatusOr<std::shared_ptr<void>> NewMemory(int64_t bytes);
//   void UseArena(Arena*);   what Allocate takes from, until it is null again
//   absl::StatusOr<Tensor> ToDevice(const Tensor&);   itself if it is there
//   absl::StatusOr<Tensor> ToHost(const Tensor&);     waits for all launches
//   absl::StatusOr<Tensor> SortedDescending(const Tensor& u64);   a new one
//   absl::Status Read(const void* from, int64_t bytes, void* host);  waits, too
//   absl::Status Write(const void* host, int64_t bytes, void* to);
//   absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator*, DType);
// and, to keep launches instead of running them (recorded_network.h),
//   absl::Status StartRecording();   copies from and to the host fail from here
//   absl::StatusOr<std::unique_ptr<Recording>> FinishRecording();   to here
//   absl::Status Launch(const Recording&);   runs what was kept, in its order
// Arguments may come from host memory; results are on the device.
#ifndef FCIS_KERNELS_BODIES_BODY_OPS_H_
#define FCIS_KERNELS_BODIES_BODY_OPS_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/psroi_bodies.h"
#include "fcis/kernels/bodies/row_bodies.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/ops/refine_boxes.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {
namespace cuda {

template <typename T>
const T* Elements(const Tensor& t) {
  return static_cast<const T*>(t.raw());
}
template <typename T>
T* MutableElements(Tensor* t) {
  return static_cast<T*>(t->mutable_raw());
}

inline MaxPoolShape ShapeOf(const MaxPoolParams& params, const Shape& x,
                            const Shape& y) {
  const auto extent = [](const Shape& s, int axis) {
    return static_cast<int>(s.dim(axis));
  };
  return {params.kernel, params.stride, extent(x, 1), extent(x, 2),
          extent(x, 3),  extent(y, 1),  extent(y, 2)};
}

template <typename Executor>
class BodyOps {
 public:
  // The executor outlives the ops.
  explicit BodyOps(Executor* executor) : run_(executor) {}

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) {
    RETURN_IF_ERROR(CheckExtents(x.shape()));
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(x));
    return WithMapType(x.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const MaxPoolBody<T> body = {ShapeOf(params, x.shape(), y->shape()),
                                   Elements<T>(in), MutableElements<T>(y)};
      return run_->Run(body, y->num_elements());
    });
  }

  // A map on the device, from f32 to a type of 16 bits or back.
  absl::StatusOr<Tensor> Convert(const Tensor& x, DType type) {
    ASSIGN_OR_RETURN(Tensor y, run_->Allocate(x.shape(), type));
    const bool widens = type == DType::kF32;
    RETURN_IF_ERROR(WithNarrowType(widens ? x.type() : type, [&](auto t) {
      using T = MapElement<decltype(t)>;
      return widens ? ConvertOf<T, float>(x, &y) : ConvertOf<float, T>(x, &y);
    }));
    return y;
  }

  absl::Status PsroiPool(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) {
    return WithMapType(maps.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      return Pool<PsroiPoolBody<T>, T>(params, maps, rois, y);
    });
  }
  absl::Status PsroiMean(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) {
    ASSIGN_OR_RETURN(Tensor cells, OfCells(params, y->shape()));
    RETURN_IF_ERROR(PsroiPool(params, maps, rois, &cells));
    return MeansOf(cells, y);
  }
  absl::Status PsroiClassScores(const PsroiParams& params, const Tensor& maps,
                                const Tensor& rois, Tensor* y) {
    ASSIGN_OR_RETURN(Tensor cells, OfCells(params, y->shape()));
    RETURN_IF_ERROR(WithMapType(maps.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      return Pool<PsroiPairMaxBody<T>, T>(params, maps, rois, &cells);
    }));
    return MeansOf(cells, y);
  }
  absl::Status PsroiClassPair(const PsroiParams& params, const Tensor& maps,
                              const Tensor& rois, const Tensor& classes,
                              Tensor* y) {
    RETURN_IF_ERROR(CheckExtents(maps.shape()));
    ASSIGN_OR_RETURN(const Tensor from, run_->ToDevice(maps));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor labels, run_->ToDevice(classes));
    return WithMapType(maps.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const PsroiClassPairBody<T> body = {Input<T>(params, from, boxes),
                                          Elements<int32_t>(labels),
                                          MutableElements<float>(y)};
      return run_->Run(body, y->num_elements());
    });
  }

  absl::Status Softmax(const Tensor& x, Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(x));
    SoftmaxBody body = {x.dim(-1), Elements<float>(in),
                        MutableElements<float>(y)};
    return run_->Run(body, x.num_elements() / x.dim(-1));
  }

  absl::Status InsideProbabilities(const Tensor& pairs, Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(pairs));
    return run_->Run(
        InsideProbabilityBody{Elements<float>(in), MutableElements<float>(y)},
        y->num_elements());
  }
  absl::Status ArgMax(const Tensor& x, Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(x));
    return run_->Run(
        ArgMaxBody{x.dim(1), Elements<float>(in), MutableElements<int32_t>(y)},
        x.dim(0));
  }
  absl::Status RefineBoxes(const RefineParams& params, const Tensor& rois,
                           const Tensor& deltas, Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor delta, run_->ToDevice(deltas));
    const int64_t n = rois.dim(0);
    return run_->Run(
        RefineBody{params, n, deltas.dim(1), Elements<Box>(boxes),
                   Elements<float>(delta), MutableElements<Box>(y)},
        n);
  }

  // What follows is TrainBackend's; maps are on the device, alike in type.
  absl::Status Combine(const Tensor* gate, const Tensor* other, Tensor* g) {
    return WithMapType(g->type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const CombineBody<T> body = {ElementsOrNull<T>(gate),
                                   ElementsOrNull<T>(other),
                                   MutableElements<T>(g)};
      return run_->Run(body, g->num_elements());
    });
  }
  absl::Status ChannelSums(const Tensor& a, const Tensor& b, double* sum,
                           double* product) {
    ASSIGN_OR_RETURN(const Tensor totals, ChannelTotals(a, b));
    ASSIGN_OR_RETURN(const Tensor host, run_->ToHost(totals));
    const int64_t channels = host.dim(1);
    std::copy_n(host.data<double>(), channels, sum);
    std::copy_n(host.data<double>() + channels, channels, product);
    return absl::OkStatus();
  }
  // f64 [2,channels] on the device: ChannelSums' sum and product.
  absl::StatusOr<Tensor> ChannelTotals(const Tensor& a, const Tensor& b) {
    RETURN_IF_ERROR(CheckExtents(a.shape()));
    const int channels = static_cast<int>(a.dim(-1));
    const int64_t pixels = a.num_elements() / channels;
    const int64_t parts = PartsOf(pixels);
    // Sums and products of the parts, then of everything.
    ASSIGN_OR_RETURN(Tensor of_parts,
                     run_->Allocate({2, parts, channels}, DType::kF64));
    ASSIGN_OR_RETURN(Tensor totals, run_->Allocate({2, channels}, DType::kF64));
    double* const parts_to = MutableElements<double>(&of_parts);
    double* const to = MutableElements<double>(&totals);
    RETURN_IF_ERROR(WithMapType(a.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const ChannelPartsBody<T> body = {
          pixels,         channels, Elements<T>(a),
          Elements<T>(b), parts_to, parts_to + parts * channels};
      return run_->Run(body, parts * channels);
    }));
    RETURN_IF_ERROR(run_->Run(
        ChannelTotalsBody{parts, channels, parts_to,
                          parts_to + parts * channels, to, to + channels},
        channels));
    return totals;
  }
  absl::StatusOr<Tensor> Affine(const ChannelAffine& affine, const Tensor& x,
                                const Tensor* other) {
    RETURN_IF_ERROR(CheckExtents(x.shape()));
    ASSIGN_OR_RETURN(const Tensor of_channels,
                     run_->ToDevice(RowsOf(affine, x.dim(-1))));
    ASSIGN_OR_RETURN(Tensor y, run_->Allocate(x.shape(), x.type()));
    RETURN_IF_ERROR(WithMapType(x.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const int64_t n = x.dim(-1);
      const float* v = Elements<float>(of_channels);
      const AffineBody<T> body = {
          static_cast<int>(n),
          v,
          v + n,
          v + 2 * n,
          affine.other_scale.empty() ? nullptr : v + 3 * n,
          affine.relu,
          Elements<T>(x),
          ElementsOrNull<T>(other),
          MutableElements<T>(&y)};
      return run_->Run(body, x.num_elements());
    }));
    return y;
  }
  absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                         const Tensor& x, const Tensor& gy) {
    RETURN_IF_ERROR(CheckExtents(x.shape()));
    ASSIGN_OR_RETURN(Tensor gx, run_->Allocate(x.shape(), x.type()));
    RETURN_IF_ERROR(WithMapType(x.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const MaxPoolGradientBody<T> body = {
          ShapeOf(params, x.shape(), gy.shape()), Elements<T>(x),
          Elements<T>(gy), MutableElements<T>(&gx)};
      return run_->Run(body, x.num_elements());
    }));
    return gx;
  }
  absl::Status PsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                                 const Tensor& gy, Tensor* gmaps) {
    RETURN_IF_ERROR(CheckExtents(gmaps->shape()));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor g, run_->ToDevice(gy));
    ASSIGN_OR_RETURN(Tensor shares, OfCells(params, gy.shape()));
    const PsroiMeanSharesBody body = {Input<float>(params, *gmaps, boxes),
                                      Elements<float>(g),
                                      MutableElements<float>(&shares)};
    RETURN_IF_ERROR(run_->Run(body, shares.num_elements()));
    return Gather(params, boxes, shares, gmaps);
  }
  absl::Status PsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                                  const Tensor& rois, const Tensor& gscores,
                                  const Tensor& classes, const Tensor& gpairs,
                                  Tensor* gmaps) {
    RETURN_IF_ERROR(CheckExtents(maps.shape()));
    ASSIGN_OR_RETURN(const Tensor from, run_->ToDevice(maps));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor scores, run_->ToDevice(gscores));
    ASSIGN_OR_RETURN(const Tensor labels, run_->ToDevice(classes));
    ASSIGN_OR_RETURN(const Tensor pairs, run_->ToDevice(gpairs));
    ASSIGN_OR_RETURN(Tensor shares,
                     OfCells(params, Shape{rois.dim(0), 2 * gscores.dim(1)}));
    RETURN_IF_ERROR(WithMapType(maps.type(), [&](auto t) {
      using T = MapElement<decltype(t)>;
      const PsroiClassSharesBody<T> body = {
          Input<T>(params, from, boxes), Elements<float>(scores),
          Elements<int32_t>(labels), Elements<float>(pairs),
          MutableElements<float>(&shares)};
      return run_->Run(body, shares.num_elements() / 2);
    }));
    return Gather(params, boxes, shares, gmaps);
  }

 private:
  template <typename T>
  static const T* ElementsOrNull(const Tensor* t) {
    return t == nullptr ? nullptr : Elements<T>(*t);
  }

  template <typename From, typename To>
  absl::Status ConvertOf(const Tensor& x, Tensor* y) {
    return run_->Run(
        ConvertBody<From, To>{Elements<From>(x), MutableElements<To>(y)},
        x.num_elements());
  }

  // mean, scale, shift and other_scale, one after the other: [4,channels].
  static Tensor RowsOf(const ChannelAffine& affine, int64_t channels) {
    Tensor rows = Tensor::Zeros({4, channels});
    float* row = rows.mutable_data<float>();
    for (const absl::Span<const float> values :
         {affine.mean, affine.scale, affine.shift, affine.other_scale}) {
      std::copy(values.begin(), values.end(), row);
      row += channels;
    }
    return rows;
  }

  template <typename T>
  static PsroiInput<T> Input(const PsroiParams& params, const Tensor& maps,
                             const Tensor& rois) {
    const int bins = params.group_size * params.group_size;
    return {params,
            Elements<T>(maps),
            static_cast<int>(maps.dim(0)),
            static_cast<int>(maps.dim(1)),
            static_cast<int>(maps.dim(2) / bins),
            Elements<float>(rois)};
  }

  // f32 [R,P,P,D], for a value of each cell of the rows [R,D].
  absl::StatusOr<Tensor> OfCells(const PsroiParams& params, const Shape& rows) {
    return run_->Allocate(
        {rows.dim(0), params.roi_size, params.roi_size, rows.dim(1)},
        DType::kF32);
  }
  absl::Status MeansOf(const Tensor& cells, Tensor* y) {
    const PsroiCellMeansBody body = {
        static_cast<int>(cells.dim(1) * cells.dim(2)),
        static_cast<int>(cells.dim(3)), Elements<float>(cells),
        MutableElements<float>(y)};
    return run_->Run(body, y->num_elements());
  }

  // The gradient of the maps from the shares; all on the device.
  absl::Status Gather(const PsroiParams& params, const Tensor& rois,
                      const Tensor& shares, Tensor* gmaps) {
    const PsroiInput<float> in = Input<float>(params, *gmaps, rois);
    const int64_t n = rois.dim(0);
    PsroiSpansBody list = {params, in.height, in.width, n, in.rois, nullptr};
    static_assert(sizeof(PsroiSpan) == 3 * sizeof(int32_t), "three of i32");
    ASSIGN_OR_RETURN(Tensor spans,
                     run_->Allocate({list.lists(), n + 1, 3}, DType::kI32));
    list.spans = static_cast<PsroiSpan*>(spans.mutable_raw());
    RETURN_IF_ERROR(run_->Run(list, list.lists()));
    const PsroiGatherBody gather = {params,
                                    in.height,
                                    in.width,
                                    in.depth,
                                    n,
                                    list.spans,
                                    Elements<float>(shares),
                                    MutableElements<float>(gmaps)};
    return run_->Run(gather, gather.indices());
  }

  template <typename Body, typename T>
  absl::Status Pool(const PsroiParams& params, const Tensor& maps,
                    const Tensor& rois, Tensor* y) {
    RETURN_IF_ERROR(CheckExtents(maps.shape()));
    ASSIGN_OR_RETURN(const Tensor from, run_->ToDevice(maps));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    const Body body = {Input<T>(params, from, boxes),
                       MutableElements<float>(y)};
    return run_->Run(body, y->num_elements());
  }

  Executor* const run_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_BODY_OPS_H_
