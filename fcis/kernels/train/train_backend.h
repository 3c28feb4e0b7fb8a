// TrainBackend: the device-dependent half of training, beside the convolutions
// and the forward ops of Backend. Feature maps and their gradients are of
// forward()'s activation type, and from one convolution to the next in
// Layout::kBackend (blocked by channels where the CPU's instructions like that
// better); Backend::Convert brings them there and back.
//
// Callers keep shapes valid (the network is built from checked weights): a
// wrong shape is a bug and is CHECKed. One call at a time per backend. Results
// do not depend on the number of threads that loops of our own use; oneDNN's
// sums over pictures and pixels may be split by threads, so that gradients
// repeat bit for bit for the same number of threads only.
#ifndef FCIS_KERNELS_TRAIN_TRAIN_BACKEND_H_
#define FCIS_KERNELS_TRAIN_TRAIN_BACKEND_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {

class ComputeDevice;

// Bytes of a step's maps, which live until its backward pass, that the CPU's
// backend keeps for the next step, at most: those of ResNet-101 at 600 x 1000
// in f32.
inline constexpr int64_t kMostKeptForMaps = int64_t{1536} << 20;

// y = relu?(scale * (x - mean) + shift + other_scale * other?), where all but
// x and other are of the channel.
struct ChannelAffine {
  absl::Span<const float> mean, scale, shift;
  absl::Span<const float> other_scale;  // empty: 1
  bool relu = false;
};

// On a device: ops as launches of their bodies, on row-major feature maps. cpu
// overrides those that it has a faster way for.
class TrainBackend {
 public:
  // The device is that of `forward`, or outlives the backend; `parameters` are
  // in its memory.
  TrainBackend(std::unique_ptr<Backend> forward, ComputeDevice* device,
               std::unique_ptr<ParameterMath> parameters);
  virtual ~TrainBackend() = default;

  // Convolutions and forward ops.
  Backend& forward() { return *forward_; }
  // A map of f32 or the activation type, as convolutions are trained on it.
  absl::StatusOr<Tensor> ToOwnLayout(const Tensor& map) {
    return forward_->Convert(map, forward_->activation_type(),
                             Layout::kBackend);
  }
  // Of weights, biases and their gradients.
  ParameterMath& parameters() { return *parameters_; }

  // g = (g + other) where gate > 0, else 0: back through a ReLU whose output
  // is `gate`. Either may be null. g is changed in place, so it must not share
  // its elements with what Convert was given.
  virtual absl::Status Combine(const Tensor* gate, const Tensor* other,
                               Tensor* g);

  // What a batch norm is made of, forward and back. Sums of each channel over
  // N, H and W: of a, and of a * b; exact products and sums in double, in an
  // order that does not depend on threads.
  virtual absl::Status ChannelSums(const Tensor& a, const Tensor& b,
                                   double* sum, double* product);
  // other: null, or like x.
  virtual absl::StatusOr<Tensor> Affine(const ChannelAffine& affine,
                                        const Tensor& x, const Tensor* other);

  // The gradient of x through ops::MaxPool: it goes to a window's first largest
  // value.
  virtual absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                                 const Tensor& x,
                                                 const Tensor& gy);

  // Gradient of the maps of PsroiForm::kMean: gy f32 [R,D]. gmaps: f32, like
  // the maps, in forward()'s memory; overwritten.
  virtual absl::Status PsroiMeanGradient(const PsroiParams& params,
                                         const Tensor& rois, const Tensor& gy,
                                         Tensor* gmaps);
  // Gradient of the maps of PsroiForm::kClassScores (gscores f32 [R,C]) plus
  // that of kClassPair of each RoI's class (gpairs f32 [R,P,P,2], classes i32
  // [R]; a class < 0: none); gmaps as above. At a tie both of a pair get the
  // class's whole gradient (docs/reference.md, Training 13).
  virtual absl::Status PsroiClassGradient(const PsroiParams& params,
                                          const Tensor& maps,
                                          const Tensor& rois,
                                          const Tensor& gscores,
                                          const Tensor& classes,
                                          const Tensor& gpairs, Tensor* gmaps);

  // The losses of network_losses.h; everything is in forward()'s memory, and
  // nothing is read on the host.
  absl::Status RpnLoss(const RpnLossParams& params, RpnLossArrays* arrays,
                       Tensor* terms);
  absl::Status HeadLoss(const HeadLossParams& params, HeadLossArrays* arrays,
                        Tensor* terms);

 private:
  const std::unique_ptr<Backend> forward_;
  ComputeDevice* const device_;
  const std::unique_ptr<ParameterMath> parameters_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_TRAIN_BACKEND_H_
