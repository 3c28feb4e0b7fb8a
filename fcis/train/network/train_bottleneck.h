// A residual block (fcis/model/bottleneck.h) that is trained.
#ifndef FCIS_TRAIN_NETWORK_TRAIN_BOTTLENECK_H_
#define FCIS_TRAIN_NETWORK_TRAIN_BOTTLENECK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/bottleneck.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/network/conv_layer.h"

namespace fcis {

class TrainBottleneck {
 public:
  static absl::StatusOr<TrainBottleneck> Create(const Weights& weights,
                                                const std::string& name,
                                                const BottleneckParams& params,
                                                const NormTraining& training,
                                                TrainBackend* backend);

  // Keeps what Backward needs.
  absl::StatusOr<FeatureMap> Forward(const FeatureMap& x);
  // g: gradient of the output, 0 where the output is 0. gx: null, or receives
  // the gradient of x, 0 where x is 0: x must be the output of a ReLU, or a
  // maximum of such. Lets go of what Forward kept.
  absl::Status Backward(FeatureMap g, bool add, FeatureMap* gx);

  // In the order in which Backward finishes them.
  const std::vector<ConvLayer*>& layers() const { return layers_; }

 private:
  TrainBackend* backend_ = nullptr;
  std::unique_ptr<ConvLayer> reduce_, spatial_, expand_;
  std::unique_ptr<ConvLayer> project_;  // null: the shortcut is the input
  std::vector<ConvLayer*> layers_;
  FeatureMap x_, reduced_, convolved_;
};

}  // namespace fcis

#endif  // FCIS_TRAIN_NETWORK_TRAIN_BOTTLENECK_H_
