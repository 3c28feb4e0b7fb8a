#include "fcis/model/row_pass.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/kernels/ops/max_pool.h"

namespace fcis::model {
namespace {

// Rows of the picture that go through at a time, in so many threads: each has a
// cache of its own, and they wait for each other after every step.
int64_t BandOf(int threads) {
  constexpr int64_t kRowsPerThread = 32;
  return kRowsPerThread * threads;
}

int64_t BytesOf(const Shape& shape, DType type) {
  return shape.num_elements() * DTypeSize(type);
}

Shape WithRows(const Shape& map, int64_t rows) {
  return {1, rows, map.dim(2), map.dim(3)};
}

}  // namespace

int64_t CacheBytes() {
  constexpr int64_t kUsual = int64_t{1} << 20;
  const int64_t bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? bytes : kUsual;
}

DType RowPass::TypeOf(size_t place) const {
  return codes_[place] ? codes_[place]->type : backend_->activation_type();
}

// False: the layer is not for rows.
bool RowPass::Append(const NetworkLayer& layer) {
  const ConvSpec& spec = layer.spec;
  const int x = map_at_[Place(spec.source)];
  const Shape& from = maps_[static_cast<size_t>(x)].shape;
  const absl::StatusOr<Shape> y = kernels::ops::InferConvShape(
      spec.params, from, {spec.out, spec.in, spec.kernel, spec.kernel});
  if (!y.ok() || spec.params.f32_output || !layer.conv->TakesRows(from)) {
    return false;
  }
  const size_t index = num_layers_++, place = Place(layer.index);
  RowLayer rows;
  rows.source = x;
  rows.kernel = spec.kernel;
  rows.stride = spec.params.stride;
  rows.dilation = spec.params.dilation;
  rows.pad = spec.params.pad;
  rows.height = y->dim(1);
  const DType type = layer.int8 == nullptr && spec.pooled
                         ? backend_->activation_type()
                         : TypeOf(place);
  if (spec.residual != ConvSpec::kNone) {
    rows.residual = map_at_[Place(spec.residual)];
    rows.may_replace = maps_[static_cast<size_t>(rows.residual)].type == type;
  }
  rows_.push_back(rows);
  nodes_.push_back({index, /*pool=*/false});
  maps_.push_back({*y, type, place});
  if (spec.pooled) {
    const kernels::MaxPoolParams pool;
    const Shape pooled = *kernels::ops::InferMaxPoolShape(pool, *y);
    rows = RowLayer();
    rows.source = static_cast<int>(maps_.size()) - 1;
    rows.kernel = pool.kernel;
    rows.stride = pool.stride;
    rows.height = pooled.dim(1);
    rows_.push_back(rows);
    nodes_.push_back({index, /*pool=*/true});
    maps_.push_back({pooled, TypeOf(place), place});
  }
  map_at_[place] = static_cast<int>(maps_.size()) - 1;
  return true;
}

void RowPass::Keep(int layer) {
  const int map = layer < 0 ? 0 : map_at_[Place(layer)];
  if (map > 0) rows_[static_cast<size_t>(map) - 1].kept = true;
}

std::unique_ptr<RowPass> RowPass::Make(absl::Span<const NetworkLayer> layers,
                                       const MapCodes& codes,
                                       absl::Span<const int> outputs,
                                       const Shape& picture, int64_t cache,
                                       kernels::Backend* backend) {
  std::unique_ptr<RowPass> pass(new RowPass(layers, codes, backend));
  pass->map_at_.assign(codes.size(), -1);
  pass->map_at_[Place(ConvSpec::kPicture)] = 0;
  pass->maps_.push_back({picture, codes[0] ? codes[0]->type : DType::kF32, 0});
  for (const NetworkLayer& layer : layers) {
    if (!pass->Append(layer)) break;
  }
  pass->CutAt(pass->NodesWorth(cache * NumThreads()));
  if (pass->nodes_.empty()) return nullptr;
  for (size_t i = pass->num_layers_; i < layers.size(); ++i) {
    pass->Keep(layers[i].spec.source);
    pass->Keep(layers[i].spec.residual);
  }
  for (const int output : outputs) pass->Keep(output);
  pass->plan_ = PlanRows(pass->rows_, picture.dim(1), BandOf(NumThreads()));
  return pass;
}

// Of whole stages whose outputs do not fit, but for those where so few rows
// come by at a time that convolutions are slow.
size_t RowPass::NodesWorth(int64_t cache) const {
  constexpr int64_t kLeastRows = 8;
  const int64_t height = maps_[0].shape.dim(1), band = BandOf(1);
  size_t worth = 0;
  for (size_t begin = 0; begin < nodes_.size();) {
    const int stage = layers_[nodes_[begin].layer].spec.stage;
    int64_t largest = 0;
    size_t end = begin;
    for (;
         end < nodes_.size() && layers_[nodes_[end].layer].spec.stage == stage;
         ++end) {
      const Map& y = maps_[end + 1];
      if (y.shape.dim(1) * band < height * kLeastRows) return worth;
      largest = std::max(largest, BytesOf(y.shape, y.type));
    }
    if (stage == 0 || 2 * largest <= cache) return worth;
    worth = begin = end;
  }
  return worth;
}

void RowPass::CutAt(size_t nodes) {
  for (size_t i = nodes; i < nodes_.size(); ++i) {
    map_at_[maps_[i + 1].place] = -1;
  }
  nodes_.resize(nodes);
  rows_.resize(nodes);
  maps_.resize(nodes + 1);
  num_layers_ = nodes == 0 ? 0 : nodes_.back().layer + 1;
}

std::vector<RowPass::Call> RowPass::Calls() const {
  std::vector<Call> calls;
  for (const RowStep& step : plan_.steps) {
    const auto node = static_cast<size_t>(step.layer);
    if (nodes_[node].pool) continue;
    const Map& x = maps_[static_cast<size_t>(rows_[node].source)];
    Call call = {nodes_[node].layer, WithRows(x.shape, step.x_rows),
                 WithRows(maps_[node + 1].shape, step.rows), step.pads};
    const bool known =
        std::any_of(calls.begin(), calls.end(), [&](const Call& other) {
          return other.layer == call.layer && other.x == call.x &&
                 other.pads.top == call.pads.top &&
                 other.pads.bottom == call.pads.bottom;
        });
    if (!known) calls.push_back(std::move(call));
  }
  return calls;
}

Tensor RowPass::Part(absl::Span<const Tensor> storages, int map, int64_t at,
                     int64_t rows) const {
  const Shape& shape = maps_[static_cast<size_t>(map)].shape;
  const auto storage =
      static_cast<size_t>(plan_.storage[static_cast<size_t>(map)]);
  return storages[storage].Part(at * shape.dim(2) * shape.dim(3),
                                WithRows(shape, rows));
}

absl::Status RowPass::Convolve(const NetworkLayer& layer, const RowStep& step,
                               absl::Span<const Tensor> storages,
                               Tensor* y) const {
  const RowLayer& rows = rows_[static_cast<size_t>(step.layer)];
  Tensor x = Part(storages, rows.source, step.x_at, step.x_rows);
  Tensor residual;
  const bool adds = rows.residual != RowLayer::kNone;
  if (adds) {
    residual = Part(storages, rows.residual, step.residual_at, step.rows);
  }
  if (layer.int8 == nullptr) {
    const DType floats = backend_->activation_type();
    x = AsFloats(codes_[Place(layer.spec.source)], x, floats);
    if (adds) {
      residual = AsFloats(codes_[Place(layer.spec.residual)], residual, floats);
    }
  }
  return layer.conv->ForwardRows(x, step.pads, adds ? &residual : nullptr, y);
}

absl::Status RowPass::RunStep(const RowStep& step,
                              absl::Span<Tensor> storages) const {
  const int map = step.layer + 1;
  const Node& node = nodes_[static_cast<size_t>(step.layer)];
  const NetworkLayer& layer = layers_[node.layer];
  Tensor y = Part(storages, map, step.y_at, step.rows);
  if (step.drop > 0 && step.keep > 0) {
    const int64_t row = BytesOf(WithRows(y.shape(), 1), y.type());
    Tensor& storage =
        storages[static_cast<size_t>(plan_.storage[static_cast<size_t>(map)])];
    char* const front = static_cast<char*>(storage.mutable_raw());
    std::memmove(front, front + step.drop * row, step.keep * row);
  }
  // Layers in floats whose output is kept in 8 bits.
  const bool coded = layer.int8 == nullptr && codes_[Place(layer.index)] &&
                     node.pool == layer.spec.pooled;
  Tensor floats = coded ? Tensor(y.shape(), backend_->activation_type()) : y;
  if (node.pool) {
    const RowLayer& rows = rows_[static_cast<size_t>(step.layer)];
    RETURN_IF_ERROR(backend_->MaxPool(
        kernels::MaxPoolParams(),
        Part(storages, rows.source, step.x_at, step.x_rows), &floats));
  } else {
    RETURN_IF_ERROR(Convolve(layer, step, storages, &floats));
  }
  if (coded) {
    const Tensor code = kernels::ToInt8(floats, *codes_[Place(layer.index)]);
    std::memcpy(y.mutable_raw(), code.raw(), y.num_bytes());
  }
  return absl::OkStatus();
}

void RowPass::Describe(std::vector<LayerRun>* runs) const {
  const auto bytes_of = [&](int map) {
    const Map& m = maps_[static_cast<size_t>(map)];
    return BytesOf(m.shape, m.type);
  };
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const NetworkLayer& layer = layers_[nodes_[i].layer];
    LayerRun& run = (*runs)[static_cast<size_t>(layer.index)];
    if (!nodes_[i].pool) {
      const RowLayer& rows = rows_[i];
      const bool adds = rows.residual != RowLayer::kNone;
      run = DescribeRun(
          layer, bytes_of(rows.source) + (adds ? bytes_of(rows.residual) : 0),
          backend_->activation_type());
    }
    run.bytes_written = bytes_of(static_cast<int>(i) + 1);
  }
}

absl::Status RowPass::Run(absl::Span<Tensor> values,
                          std::vector<LayerRun>* runs) const {
  if (runs != nullptr) Describe(runs);
  Stopwatch watch;
  RecycledVector<Tensor> storages(plan_.storage_rows.size());
  storages[0] = values[0];
  for (size_t map = 1; map < maps_.size(); ++map) {
    const auto at = static_cast<size_t>(plan_.storage[map]);
    if (storages[at].num_elements() > 0) continue;
    ASSIGN_OR_RETURN(storages[at],
                     backend_->AllocateMap(
                         WithRows(maps_[map].shape, plan_.storage_rows[at]),
                         maps_[map].type));
  }
  for (const RowStep& step : plan_.steps) {
    RETURN_IF_ERROR(RunStep(step, absl::MakeSpan(storages)));
    if (runs == nullptr) continue;
    const Node& node = nodes_[static_cast<size_t>(step.layer)];
    (*runs)[static_cast<size_t>(layers_[node.layer].index)].seconds +=
        watch.Lap();
  }
  for (size_t map = 1; map < maps_.size(); ++map) {
    if (!rows_[map - 1].kept) continue;
    values[maps_[map].place] =
        storages[static_cast<size_t>(plan_.storage[map])];
  }
  return absl::OkStatus();
}

}  // namespace fcis::model
