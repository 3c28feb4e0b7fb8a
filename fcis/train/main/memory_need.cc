#include "fcis/train/main/memory_need.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/memory_limit.h"
#include "fcis/core/base/round_up.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/image/prepare.h"
#include "fcis/data/loader/sample_maker.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/topology.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/optimizer/optimizer.h"

namespace fcis::train {
namespace {

constexpr int64_t kFloat = sizeof(float);

int64_t KernelValues(const model::ConvSpec& layer) {
  return layer.out * layer.in * layer.kernel * layer.kernel;
}

// Bytes of a map whose channels are padded as the CPU's passes have them.
int64_t MapBytes(const Shape& map, DType type) {
  constexpr int64_t kBlock = 16;
  const int64_t channels = map.dim(3);
  return map.num_elements() / channels * RoundUp(channels, kBlock) *
         DTypeSize(type);
}

// Of a layer's maps that are kept: its output, before its max pool too, and
// before its norm where that is of the pictures.
int64_t KeptBytes(const model::ConvSpec& layer, const Shape& y, DType type,
                  const TrainConfig& recipe) {
  const int64_t sums = layer.pooled ? 4 : 1;  // times as large
  const bool normed =
      recipe.normalization() == TrainConfig::BATCH && !layer.norm.empty();
  return ((layer.pooled ? 1 + sums : sums) + (normed ? sums : 0)) *
         MapBytes(y, type);
}

// Bytes of all maps. `shapes`: of the layers.
int64_t MapsOf(const model::Topology& topology, const Shape& picture,
               const std::vector<Shape>& shapes, DType type,
               const TrainConfig& recipe) {
  int64_t frozen = 0, kept = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const model::ConvSpec& layer = topology.layers[i];
    const bool trained = !IsFrozen(layer, recipe.frozen_stages());
    (trained ? kept : frozen) += KeptBytes(layer, shapes[i], type, recipe);
  }
  if (recipe.frozen_stages() == 0) kept += MapBytes(picture, type);
  for (const int output : topology.outputs) {  // their gradients
    kept += MapBytes(shapes[static_cast<size_t>(output)], DType::kF32);
  }
  // Gradients of maps take what maps gave back, or other memory, which is then
  // kept for the next ones: measured, half as much as the maps, up to what the
  // backend lets be kept.
  return frozen + kept + std::min(kept / 2, kernels::kMostKeptForMaps);
}

}  // namespace

PicturesTogether LargestTogether(const data::TrainingSet& set,
                                 const InputConfig& input,
                                 const TrainConfig& recipe) {
  constexpr int64_t kLooks = 8;
  PicturesTogether largest;
  bool one_size = true;
  const int64_t looks = std::min(kLooks, set.size());
  for (int64_t i = 0; i < looks; ++i) {
    const auto picture = set.Get(i * set.size() / looks);
    if (!picture.ok() || picture->image.empty()) continue;  // said elsewhere
    const PreparedSize size =
        SizeToPrepare(picture->image.height, picture->image.width, input);
    one_size = one_size &&
               (largest.height == 0 ||
                (size.height == largest.height && size.width == largest.width));
    if (int64_t{1} * size.height * size.width >
        largest.height * largest.width) {
      largest.height = size.height;
      largest.width = size.width;
    }
  }
  if (one_size && !data::JittersScale(recipe.augmentation())) {
    largest.count = recipe.batch();
  }
  return largest;
}

int64_t MemoryNeed::total() const { return weights + maps + saving + pictures; }

MemoryNeed NeedOf(const TrainConfig& recipe, const ModelConfig& model,
                  const PicturesTogether& together, DType maps, int prefetch) {
  const model::Topology topology = model::TopologyOf(model);
  const Shape picture = {together.count, together.height, together.width,
                         topology.layers[0].in};
  const auto shapes = model::ShapesOf(topology, picture);
  int64_t all = 0, trained = 0;
  for (const model::ConvSpec& layer : topology.layers) {
    all += KernelValues(layer);
    if (IsFrozen(layer, recipe.frozen_stages())) continue;
    trained += KernelValues(layer);
  }
  // Values and gradients; the order of each pass, and what was between.
  constexpr int64_t kOwn = 2, kPasses = 3;
  const int64_t arrays = Optimizer::NumArrays(recipe.optimizer());
  MemoryNeed need;
  need.weights = kFloat * all + (kOwn + arrays) * kFloat * trained +
                 kPasses * DTypeSize(maps) * trained;
  need.saving = (1 + arrays) * kFloat * trained;
  if (shapes.ok()) {
    need.maps = MapsOf(topology, picture, *shapes, maps, recipe);
  }
  need.pictures = kFloat * 3 * together.height * together.width *
                  (2 * recipe.batch() + prefetch);
  return need;
}

absl::StatusOr<std::string> CheckTrainingMemory(
    const TrainerOptions& options, const ModelConfig& model,
    const data::TrainingSet& set, const kernels::Backend& backend) {
  if (backend.device() != Device::kHost) return "";
  const TrainConfig& recipe = options.config;
  const PicturesTogether together = LargestTogether(set, model.input(), recipe);
  const MemoryNeed need = NeedOf(recipe, model, together,
                                 backend.activation_type(), options.prefetch);
  // The least and the most that the estimate may turn out to be
  // (machine_faults_test), and what libraries and threads take once they run:
  // 78 MB with a network of no size, a fifth of which is there by now.
  constexpr int64_t kOfThreads = int64_t{64} << 20;
  const int64_t surely = need.total() / 4 * 3;
  const int64_t maybe = need.total() / 4 * 5 + kOfThreads;
  const std::string advice = absl::StrCat(
      "; less is taken by ",
      recipe.batch() > 1
          ? absl::StrCat("a smaller batch (--set 'batch: 1 accumulate: ",
                         recipe.batch() * recipe.accumulate(), "'), ")
          : "",
      "a smaller input (min_size and max_size of the model) and fewer pictures "
      "ahead (--prefetch 1)");
  const std::string parts = absl::StrCat(
      " (weights and optimiser ", MemoryText(need.weights), ", saving them ",
      MemoryText(need.saving), ", maps of ", together.count, " x ",
      together.width, "x", together.height, " pixels ", MemoryText(need.maps),
      ", pictures ahead ", MemoryText(need.pictures), ")");
  const std::string about =
      absl::StrCat("a training takes about ", MemoryText(need.total()));
  const MemoryLeft left = FindMemoryLeft();
  RETURN_IF_ERROR(
      CheckMemory(surely, left, absl::StrCat(about, parts), advice));
  const absl::Status enough = CheckMemory(
      maybe, left,
      absl::StrCat(about, parts, ", ", MemoryText(maybe), " at most"), advice);
  if (enough.ok()) return "";
  return absl::StrCat("maybe ", enough.message(),
                      ". Where it runs out, a program may be killed without a "
                      "word");
}

}  // namespace fcis::train
