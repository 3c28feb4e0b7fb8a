// The first layers of a network, computed some rows at a time (row_plan.h):
// their maps are larger than the CPU's cache. Results are those of whole maps,
// bit for bit, and less memory is taken.
#ifndef FCIS_MODEL_ROW_PASS_H_
#define FCIS_MODEL_ROW_PASS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/network_layer.h"
#include "fcis/model/row_plan.h"
#include "fcis/model/stage_times.h"

namespace fcis::model {

// Of a core, in bytes.
int64_t CacheBytes();

class RowPass {
 public:
  // Of which maps a convolution is asked for.
  struct Call {
    size_t layer;  // among `layers`
    Shape x, y;
    kernels::RowPads pads;
  };

  // The pass over pictures of this shape, in NumThreads() threads. `layers`,
  // `codes` and `backend` outlive it; `outputs` are wanted at the end, whatever
  // computes them. Null where nothing is gained: more than one picture, maps
  // that fit in `cache` bytes per thread, convolutions that take whole maps
  // only.
  static std::unique_ptr<RowPass> Make(absl::Span<const NetworkLayer> layers,
                                       const MapCodes& codes,
                                       absl::Span<const int> outputs,
                                       const Shape& picture, int64_t cache,
                                       kernels::Backend* backend);

  // Of the first layers: how many it computes.
  size_t num_layers() const { return num_layers_; }
  // Each kind of call once.
  std::vector<Call> Calls() const;

  // values, by place: beside the picture, as the first layer reads it, come the
  // maps that later layers or the caller read. runs: as Network::RunInto's.
  absl::Status Run(absl::Span<Tensor> values,
                   std::vector<LayerRun>* runs) const;

 private:
  struct Map {
    Shape shape;
    DType type;
    size_t place;  // where values keep it
  };
  // A convolution, or the max pool behind one.
  struct Node {
    size_t layer;
    bool pool;
  };

  RowPass(absl::Span<const NetworkLayer> layers, const MapCodes& codes,
          kernels::Backend* backend)
      : layers_(layers), codes_(codes), backend_(backend) {}

  bool Append(const NetworkLayer& layer);
  size_t NodesWorth(int64_t cache) const;
  void CutAt(size_t nodes);
  void Keep(int layer);
  DType TypeOf(size_t place) const;
  Tensor Part(absl::Span<const Tensor> storages, int map, int64_t at,
              int64_t rows) const;
  absl::Status RunStep(const RowStep& step, absl::Span<Tensor> storages) const;
  absl::Status Convolve(const NetworkLayer& layer, const RowStep& step,
                        absl::Span<const Tensor> storages, Tensor* y) const;
  void Describe(std::vector<LayerRun>* runs) const;

  const absl::Span<const NetworkLayer> layers_;
  const MapCodes& codes_;
  kernels::Backend* const backend_;
  size_t num_layers_ = 0;
  std::vector<Map> maps_;
  std::vector<int> map_at_;  // by place; -1: none
  std::vector<Node> nodes_;
  std::vector<RowLayer> rows_;
  RowPlan plan_;
};

}  // namespace fcis::model

#endif  // FCIS_MODEL_ROW_PASS_H_
