#include "fcis/model/row_plan.h"

#include <algorithm>
#include <cstddef>

namespace fcis::model {
namespace {

class Planner {
 public:
  Planner(absl::Span<const RowLayer> layers, int64_t input_rows)
      : layers_(layers), done_(layers.size() + 1), heights_(1, input_rows) {
    for (const RowLayer& layer : layers) heights_.push_back(layer.height);
    PlaceMaps();
  }

  RowPlan Plan(int64_t band) {
    while (done_[0] < heights_[0]) {
      done_[0] = std::min(heights_[0], done_[0] + band);
      for (size_t i = 0; i < layers_.size(); ++i) Advance(i);
    }
    return plan_;
  }

 private:
  static size_t MapOf(size_t layer) { return layer + 1; }
  int64_t DoneOf(int map) const { return done_[static_cast<size_t>(map)]; }
  int64_t HeightOf(int map) const { return heights_[static_cast<size_t>(map)]; }

  // Whether the output of layer i can stand where its residual stood: by then
  // the others have read it, as they read no rows further up.
  bool Replaces(size_t i) const {
    const RowLayer& layer = layers_[i];
    if (!layer.may_replace || layer.residual <= 0) return false;
    if (layers_[static_cast<size_t>(layer.residual) - 1].kept) return false;
    for (size_t j = 0; j < layers_.size(); ++j) {
      const RowLayer& other = layers_[j];
      if (j != i && other.residual == layer.residual) return false;
      if (other.source == layer.residual && (j >= i || other.kernel != 1)) {
        return false;
      }
    }
    return true;
  }

  void PlaceMaps() {
    plan_.storage = {0};
    std::vector<bool> whole = {true};
    for (size_t i = 0; i < layers_.size(); ++i) {
      if (Replaces(i)) {
        plan_.storage.push_back(
            plan_.storage[static_cast<size_t>(layers_[i].residual)]);
      } else {
        plan_.storage.push_back(static_cast<int>(whole.size()));
        whole.push_back(false);
      }
      const auto storage = static_cast<size_t>(plan_.storage.back());
      if (layers_[i].kept) whole[storage] = true;
    }
    whole_ = whole;
    base_.resize(whole.size());
    plan_.storage_rows.resize(whole.size());
    plan_.storage_rows[0] = heights_[0];
    for (size_t map = 0; map < heights_.size(); ++map) {
      const auto storage = static_cast<size_t>(plan_.storage[map]);
      if (!whole[storage]) continue;
      plan_.storage_rows[storage] = heights_[map];
    }
  }

  // The rows of a map that layer i reads for the first `rows` of its output, or
  // one less than none.
  static int64_t LastRead(const RowLayer& layer, int64_t rows) {
    return (rows - 1) * layer.stride - layer.pad +
           (layer.kernel - 1) * layer.dilation + 1;
  }

  // How many rows of layer i's output what is there suffices for.
  int64_t Computable(const RowLayer& layer) const {
    int64_t rows = layer.height;
    if (DoneOf(layer.source) < HeightOf(layer.source)) {
      const int64_t spare = DoneOf(layer.source) - LastRead(layer, 1);
      rows = spare < 0 ? 0 : std::min(layer.height, spare / layer.stride + 1);
    }
    if (layer.residual != RowLayer::kNone) {
      rows = std::min(rows, DoneOf(layer.residual));
    }
    return rows;
  }

  // The first row of a storage that somebody still reads.
  int64_t FirstNeeded(size_t storage) const {
    int64_t first = heights_[storage == 0 ? 0 : 1 + LayerOf(storage)];
    for (size_t i = 0; i < layers_.size(); ++i) {
      const RowLayer& layer = layers_[i];
      const int64_t done = done_[MapOf(i)];
      if (done == layer.height) continue;
      if (InStorage(layer.source, storage)) {
        first = std::min(first,
                         std::max<int64_t>(0, done * layer.stride - layer.pad));
      }
      if (layer.residual != RowLayer::kNone &&
          InStorage(layer.residual, storage)) {
        first = std::min(first, done);
      }
    }
    return first;
  }
  bool InStorage(int map, size_t storage) const {
    return plan_.storage[static_cast<size_t>(map)] == static_cast<int>(storage);
  }
  size_t LayerOf(size_t storage) const {
    for (size_t i = 0;; ++i) {
      if (InStorage(static_cast<int>(MapOf(i)), storage)) return i;
    }
  }
  int64_t DoneIn(size_t storage) const {
    int64_t done = 0;
    for (size_t map = 0; map < done_.size(); ++map) {
      if (InStorage(static_cast<int>(map), storage)) {
        done = std::max(done, done_[map]);
      }
    }
    return done;
  }
  int64_t At(int map, int64_t row) const {
    return row -
           base_[static_cast<size_t>(plan_.storage[static_cast<size_t>(map)])];
  }

  // Makes room in the output's storage for rows up to `end`.
  void MakeRoom(size_t storage, int64_t end, RowStep* step) {
    if (whole_[storage]) return;
    const int64_t there = DoneIn(storage);
    if (end > there) {
      const int64_t needed = std::min(there, FirstNeeded(storage));
      step->drop = needed - base_[storage];
      step->keep = there - needed;
      base_[storage] = needed;
    }
    plan_.storage_rows[storage] = std::max(
        plan_.storage_rows[storage], std::max(there, end) - base_[storage]);
  }

  void Advance(size_t i) {
    const RowLayer& layer = layers_[i];
    const int map = static_cast<int>(MapOf(i));
    const int64_t begin = DoneOf(map), end = Computable(layer);
    if (end <= begin) return;
    RowStep step;
    step.layer = static_cast<int>(i);
    step.rows = end - begin;
    const int64_t height = HeightOf(layer.source);
    const int64_t x_begin = begin * layer.stride - layer.pad;
    const int64_t x_end = LastRead(layer, end);
    step.pads = {std::max<int64_t>(0, -x_begin),
                 layer.pad == 0 ? 0 : std::max<int64_t>(0, x_end - height)};
    const int64_t x_first = std::max<int64_t>(0, x_begin);
    step.x_rows = std::min(x_end, height) - x_first;
    MakeRoom(static_cast<size_t>(plan_.storage[MapOf(i)]), end, &step);
    step.x_at = At(layer.source, x_first);
    if (layer.residual != RowLayer::kNone) {
      step.residual_at = At(layer.residual, begin);
    }
    step.y_at = At(map, begin);
    done_[MapOf(i)] = end;
    plan_.steps.push_back(step);
  }

  const absl::Span<const RowLayer> layers_;
  std::vector<int64_t> done_;     // rows of each map
  std::vector<int64_t> heights_;  // of each map
  std::vector<int64_t> base_;     // of each storage: the row at its front
  std::vector<bool> whole_;       // of each storage
  RowPlan plan_;
};

}  // namespace

RowPlan PlanRows(absl::Span<const RowLayer> layers, int64_t input_rows,
                 int64_t band) {
  return Planner(layers, input_rows).Plan(band);
}

}  // namespace fcis::model
