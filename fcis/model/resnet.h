// The backbone: ResNet with bottlenecks as FCIS uses it (chainer-fcis
// models/resnet101.py). The stride stands in the first 1x1 convolution of a
// stage; res5 has stride 1 and dilation 2, so res4 and res5 both have stride
// 16.
#ifndef FCIS_MODEL_RESNET_H_
#define FCIS_MODEL_RESNET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/model/bottleneck.h"
#include "fcis/model/stage_observer.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

// Input pixels between neighbours of the last feature maps.
constexpr int kFeatureStride = 16;

// The first convolution.
ConvParams StemConv();

// A residual block of res2..res5.
struct BackboneBlock {
  int stage = 2;
  std::string name;
  BottleneckParams params;
};
// In the order in which they run.
std::vector<BackboneBlock> BlocksOf(const BackboneConfig& config);

class ResNet {
 public:
  struct Features {
    Tensor res4;  // [1, h, w, 16 width], for the RPN
    Tensor res5;  // [1, h, w, 32 width], for the head
  };

  // The weights passed CheckWeights; `backend` outlives the network.
  static absl::StatusOr<ResNet> Create(const Weights& weights,
                                       Backend* backend);

  // x: f32 [1,H,W,3]. Errors: a picture too small for the strides.
  absl::StatusOr<Features> Run(Tensor x, const StageObserver& observer) const;

 private:
  Backend* backend_ = nullptr;
  std::unique_ptr<PreparedConv> stem_;
  std::vector<std::vector<Bottleneck>> stages_;  // from res2 on
};

}  // namespace fcis

#endif  // FCIS_MODEL_RESNET_H_
