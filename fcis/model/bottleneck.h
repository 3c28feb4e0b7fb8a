// One residual block: 1x1 (strided) - 3x3 (dilated) - 1x1, plus the input or
// its projection, then ReLU; batch norms folded.
#ifndef FCIS_MODEL_BOTTLENECK_H_
#define FCIS_MODEL_BOTTLENECK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

struct BottleneckParams {
  int stride = 1;
  int dilation = 1;
  double bn_eps = 1e-5;
  double bn_eps_projection = 2e-5;
};

// What its four convolutions do; expand's ReLU is that of the sum.
struct BottleneckConvs {
  ConvParams reduce, spatial, expand, project;
};
BottleneckConvs ConvsOf(const BottleneckParams& params);

class Bottleneck {
 public:
  // Tensors `name`/conv1..3, bn1..3; with conv4 and bn4 the shortcut is a
  // projection. `backend` outlives the block.
  static absl::StatusOr<Bottleneck> Create(const Weights& weights,
                                           const std::string& name,
                                           const BottleneckParams& params,
                                           Backend* backend);

  // x: [1,H,W,in] -> [1,H',W',out]. Handing x over lets the sum reuse its
  // memory.
  absl::StatusOr<Tensor> Run(Tensor x) const;

 private:
  Backend* backend_ = nullptr;
  std::unique_ptr<PreparedConv> reduce_, spatial_, expand_;
  std::unique_ptr<PreparedConv> project_;  // null: the shortcut is the input
};

}  // namespace fcis

#endif  // FCIS_MODEL_BOTTLENECK_H_
