// The ops of a backend that are our own (all but convolutions), forward and
// back, as launches of bodies (launch.h). The same code marshals for the GPU
// (CudaExecutor) and for the tests' emulation of it (EmulatedExecutor). An
// executor has
//   template <typename Body> absl::Status Run(const Body&, int64_t count);
//   absl::StatusOr<Tensor> Allocate(const Shape&, DType);   on its device
//   absl::StatusOr<Tensor> ToDevice(const Tensor&);   itself if it is there
//   absl::StatusOr<Tensor> ToHost(const Tensor&);     waits for all launches
//   absl::StatusOr<Tensor> SortedDescending(const Tensor& u64);   a new one
//   absl::Status Read(const void* from, int64_t bytes, void* host);  waits, too
//   absl::Status Write(const void* host, int64_t bytes, void* to);
//   absl::StatusOr<std::unique_ptr<ParameterSums>> SumsOver(Communicator*);
// Arguments may come from host memory; results are on the device.
#ifndef FCIS_KERNELS_CUDA_BODY_OPS_H_
#define FCIS_KERNELS_CUDA_BODY_OPS_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/map_bodies.h"
#include "fcis/kernels/cuda/psroi_bodies.h"
#include "fcis/kernels/cuda/row_bodies.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/ops/refine_boxes.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {
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
    return x.type() == DType::kF32 ? MaxPoolOf<float>(params, x, y)
                                   : MaxPoolOf<uint16_t>(params, x, y);
  }

  // A map on the device, of the other type.
  absl::StatusOr<Tensor> Convert(const Tensor& x, DType type) {
    ASSIGN_OR_RETURN(Tensor y, run_->Allocate(x.shape(), type));
    const int64_t count = x.num_elements();
    if (type == DType::kF32) {
      RETURN_IF_ERROR(
          run_->Run(ConvertBody<uint16_t, float>{Elements<uint16_t>(x),
                                                 MutableElements<float>(&y)},
                    count));
    } else {
      RETURN_IF_ERROR(
          run_->Run(ConvertBody<float, uint16_t>{Elements<float>(x),
                                                 MutableElements<uint16_t>(&y)},
                    count));
    }
    return y;
  }

  absl::Status PsroiPool(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) {
    return Pool<PsroiPoolBody>(params, maps, rois, y);
  }
  absl::Status PsroiMean(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) {
    return Pool<PsroiMeanBody>(params, maps, rois, y);
  }
  absl::Status PsroiClassScores(const PsroiParams& params, const Tensor& maps,
                                const Tensor& rois, Tensor* y) {
    return Pool<PsroiClassScoresBody>(params, maps, rois, y);
  }
  absl::Status PsroiClassPair(const PsroiParams& params, const Tensor& maps,
                              const Tensor& rois, const Tensor& classes,
                              Tensor* y) {
    return maps.type() == DType::kF32
               ? PairOf<float>(params, maps, rois, classes, y)
               : PairOf<uint16_t>(params, maps, rois, classes, y);
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
    return g->type() == DType::kF32 ? CombineOf<float>(gate, other, g)
                                    : CombineOf<uint16_t>(gate, other, g);
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
    return a.type() == DType::kF32 ? TotalsOf<float>(a, b)
                                   : TotalsOf<uint16_t>(a, b);
  }
  absl::StatusOr<Tensor> Affine(const ChannelAffine& affine, const Tensor& x,
                                const Tensor* other) {
    return x.type() == DType::kF32 ? AffineOf<float>(affine, x, other)
                                   : AffineOf<uint16_t>(affine, x, other);
  }
  absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                         const Tensor& x, const Tensor& gy) {
    return x.type() == DType::kF32 ? MaxPoolGradientOf<float>(params, x, gy)
                                   : MaxPoolGradientOf<uint16_t>(params, x, gy);
  }
  absl::Status PsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                                 const Tensor& gy, Tensor* gmaps) {
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor g, run_->ToDevice(gy));
    const PsroiMeanGradientBody body = {Input<float>(params, *gmaps, boxes),
                                        rois.dim(0), Elements<float>(g),
                                        MutableElements<float>(gmaps)};
    return run_->Run(body, gmaps->num_elements());
  }
  absl::Status PsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                                  const Tensor& rois, const Tensor& gscores,
                                  const Tensor& classes, const Tensor& gpairs,
                                  Tensor* gmaps) {
    return maps.type() == DType::kF32
               ? ClassGradientOf<float>(params, maps, rois, gscores, classes,
                                        gpairs, gmaps)
               : ClassGradientOf<uint16_t>(params, maps, rois, gscores, classes,
                                           gpairs, gmaps);
  }

 private:
  template <typename T>
  static const T* ElementsOrNull(const Tensor* t) {
    return t == nullptr ? nullptr : Elements<T>(*t);
  }

  template <typename T>
  absl::Status CombineOf(const Tensor* gate, const Tensor* other, Tensor* g) {
    return run_->Run(
        CombineBody<T>{ElementsOrNull<T>(gate), ElementsOrNull<T>(other),
                       MutableElements<T>(g)},
        g->num_elements());
  }

  template <typename T>
  absl::StatusOr<Tensor> TotalsOf(const Tensor& a, const Tensor& b) {
    const int channels = static_cast<int>(a.dim(-1));
    const int64_t pixels = a.num_elements() / channels;
    const int64_t parts = PartsOf(pixels);
    // Sums and products of the parts, then of everything.
    ASSIGN_OR_RETURN(Tensor of_parts,
                     run_->Allocate({2, parts, channels}, DType::kF64));
    ASSIGN_OR_RETURN(Tensor totals, run_->Allocate({2, channels}, DType::kF64));
    double* const parts_to = MutableElements<double>(&of_parts);
    double* const to = MutableElements<double>(&totals);
    RETURN_IF_ERROR(run_->Run(
        ChannelPartsBody<T>{pixels, channels, Elements<T>(a), Elements<T>(b),
                            parts_to, parts_to + parts * channels},
        parts * channels));
    RETURN_IF_ERROR(run_->Run(
        ChannelTotalsBody{parts, channels, parts_to,
                          parts_to + parts * channels, to, to + channels},
        channels));
    return totals;
  }

  // mean, scale, shift and other_scale, one after the other.
  template <typename T>
  absl::StatusOr<Tensor> AffineOf(const ChannelAffine& affine, const Tensor& x,
                                  const Tensor* other) {
    const int64_t n = x.dim(-1);
    Tensor host = Tensor::Zeros({4, n});
    float* row = host.mutable_data<float>();
    for (const absl::Span<const float> values :
         {affine.mean, affine.scale, affine.shift, affine.other_scale}) {
      std::copy(values.begin(), values.end(), row);
      row += n;
    }
    ASSIGN_OR_RETURN(const Tensor of_channels, run_->ToDevice(host));
    ASSIGN_OR_RETURN(Tensor y, run_->Allocate(x.shape(), x.type()));
    const float* v = Elements<float>(of_channels);
    AffineBody<T> body = {static_cast<int>(n),
                          v,
                          v + n,
                          v + 2 * n,
                          affine.other_scale.empty() ? nullptr : v + 3 * n,
                          affine.relu,
                          Elements<T>(x),
                          ElementsOrNull<T>(other),
                          MutableElements<T>(&y)};
    RETURN_IF_ERROR(run_->Run(body, x.num_elements()));
    return y;
  }

  template <typename T>
  absl::StatusOr<Tensor> MaxPoolGradientOf(const MaxPoolParams& params,
                                           const Tensor& x, const Tensor& gy) {
    ASSIGN_OR_RETURN(Tensor gx, run_->Allocate(x.shape(), x.type()));
    MaxPoolGradientBody<T> body = {ShapeOf(params, x.shape(), gy.shape()),
                                   Elements<T>(x), Elements<T>(gy),
                                   MutableElements<T>(&gx)};
    RETURN_IF_ERROR(run_->Run(body, x.num_elements()));
    return gx;
  }

  template <typename T>
  absl::Status ClassGradientOf(const PsroiParams& params, const Tensor& maps,
                               const Tensor& rois, const Tensor& gscores,
                               const Tensor& classes, const Tensor& gpairs,
                               Tensor* gmaps) {
    ASSIGN_OR_RETURN(const Tensor from, run_->ToDevice(maps));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor scores, run_->ToDevice(gscores));
    ASSIGN_OR_RETURN(const Tensor labels, run_->ToDevice(classes));
    ASSIGN_OR_RETURN(const Tensor pairs, run_->ToDevice(gpairs));
    PsroiClassGradientBody<T> body = {
        Input<T>(params, from, boxes), rois.dim(0),
        Elements<float>(scores),       Elements<int32_t>(labels),
        Elements<float>(pairs),        MutableElements<float>(gmaps)};
    return run_->Run(body, gmaps->num_elements());
  }

  template <typename T>
  absl::Status MaxPoolOf(const MaxPoolParams& params, const Tensor& x,
                         Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor in, run_->ToDevice(x));
    MaxPoolBody<T> body = {ShapeOf(params, x.shape(), y->shape()),
                           Elements<T>(in), MutableElements<T>(y)};
    return run_->Run(body, y->num_elements());
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

  template <template <typename> class Body, typename T>
  absl::Status PoolOf(const PsroiParams& params, const Tensor& maps,
                      const Tensor& rois, Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor from, run_->ToDevice(maps));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    Body<T> body = {Input<T>(params, from, boxes), MutableElements<float>(y)};
    return run_->Run(body, y->num_elements());
  }

  template <template <typename> class Body>
  absl::Status Pool(const PsroiParams& params, const Tensor& maps,
                    const Tensor& rois, Tensor* y) {
    return maps.type() == DType::kF32
               ? PoolOf<Body, float>(params, maps, rois, y)
               : PoolOf<Body, uint16_t>(params, maps, rois, y);
  }

  template <typename T>
  absl::Status PairOf(const PsroiParams& params, const Tensor& maps,
                      const Tensor& rois, const Tensor& classes, Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor from, run_->ToDevice(maps));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor labels, run_->ToDevice(classes));
    PsroiClassPairBody<T> body = {Input<T>(params, from, boxes),
                                  Elements<int32_t>(labels),
                                  MutableElements<float>(y)};
    return run_->Run(body, y->num_elements());
  }

  Executor* const run_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_OPS_H_
