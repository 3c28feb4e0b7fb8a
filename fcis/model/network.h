// The forward pass: layers of a Topology with their weights, batch norms
// folded, as a backend has prepared them. Of a quantised model
// (weights/quantization.h), where the backend computes int8, maps and kernels
// stay in 8 bits; the other layers read and write them as floats.
#ifndef FCIS_MODEL_NETWORK_H_
#define FCIS_MODEL_NETWORK_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"
#include "fcis/model/network_layer.h"
#include "fcis/model/row_pass.h"
#include "fcis/model/stage_observer.h"
#include "fcis/model/stage_times.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// What a model's convolutions are multiplied in on this backend: "int8" where
// the backend computes with what is quantised, else Backend::precision().
absl::string_view PrecisionOf(const Weights& weights,
                              const kernels::Backend& backend);

class Network {
 public:
  // A network that computes `outputs`, layers of the topology, and no more than
  // they need. The weights have the topology's tensors (CheckTensors); the
  // memory of those that nobody shares is taken over, so hand them over with
  // std::move. `backend` outlives the network. Errors: those of FoldBatchNorm.
  static absl::StatusOr<Network> Create(const Topology& topology,
                                        const std::vector<int>& outputs,
                                        Weights weights,
                                        kernels::Backend* backend);

  // picture: [N,H,W,channels]. Returns the outputs in the order of Create. What
  // no layer needs any more is let go, and a sum takes over the memory of its
  // residual. Errors: a picture that is too small for the strides.
  absl::StatusOr<std::vector<Tensor>> Run(Tensor picture,
                                          const StageObserver& observer) const;
  // The same into `outputs`, as many as there are. runs: as StageTimes::layers;
  // layers that are left out have no time.
  absl::Status RunInto(Tensor picture, const StageObserver& observer,
                       absl::Span<Tensor> outputs,
                       std::vector<LayerRun>* runs = nullptr) const;

  // Of the layers it computes: how many of the first ones by rows (row_pass.h)
  // when it runs on such a picture, in NumThreads() threads, unobserved.
  size_t LayersByRows(const Shape& picture) const;

 private:
  using Layer = NetworkLayer;
  // What the first passes of one size of picture, on so many threads, have to
  // make ready: layers, each by whichever thread comes first.
  struct Readiness {
    Shape picture;
    int threads = 1;
    std::vector<RowPass::Call> calls;
    std::atomic<size_t> next{0};
    std::unique_ptr<RowPass> rows;  // of the first layers, or null
  };
  struct KnownSizes {
    std::mutex mutex;
    std::vector<std::shared_ptr<Readiness>> sizes;
  };

  absl::Status Prepare(Weights* weights, Layer* layer) const;
  // Makes layers ready for pictures of this size, on all threads and together
  // with whoever else is at it, until none is left. Leaves errors to the pass
  // itself.
  std::shared_ptr<const Readiness> MakeReady(const Shape& picture) const;
  // What there is to do for that.
  std::shared_ptr<Readiness> ReadinessFor(const Shape& picture) const;
  std::shared_ptr<Readiness> ReadinessOf(const Shape& picture) const;
  void Expect(const RowPass::Call& call) const;
  // A value as a layer in floats reads it.
  Tensor AsFloats(int of, const Tensor& map) const;
  absl::StatusOr<Tensor> RunLayer(const Layer& layer,
                                  absl::Span<Tensor> values) const;
  // What is known of it before it has run.
  LayerRun RunOf(const Layer& layer, absl::Span<const Tensor> values) const;
  absl::Status Observe(const ConvSpec& layer, const Tensor& y,
                       const StageObserver& observer) const;

  kernels::Backend* backend_ = nullptr;
  std::vector<int> outputs_;
  size_t size_ = 0;  // layers of the topology
  // Where it stays when the network is moved: passes by rows look there.
  std::unique_ptr<MapCodes> codes_ = std::make_unique<MapCodes>();
  std::vector<Layer> layers_;
  std::unique_ptr<KnownSizes> known_ = std::make_unique<KnownSizes>();
};

}  // namespace fcis::model

#endif  // FCIS_MODEL_NETWORK_H_
