#include "fcis/model/weights/torchvision_rules.h"

#include <cstdint>

#include "fcis/model/topology.h"

namespace fcis::model {
namespace {

// torchvision.transforms.Normalize of its ImageNet models, RGB; pixels are
// divided by 255 before.
constexpr double kMean[3] = {0.485, 0.456, 0.406};
constexpr double kStd[3] = {0.229, 0.224, 0.225};
constexpr float kEpsilon = 1e-5f;

enum class Direction { kFrom, kTo };

// Their input is ((x + mean) / 255 - kMean) / kStd for our x: their kernel w
// gives the sum of w / (255 kStd) times x, plus what does not depend on x.
void ConvertStem(Direction direction, const InputConfig& input,
                 Tensor* stem_kernel, Tensor* stem_mean) {
  Tensor kernel = stem_kernel->Clone(), mean = stem_mean->Clone();
  const int64_t plane = kernel.dim(2) * kernel.dim(3);
  float* w = kernel.mutable_data<float>();
  for (int64_t o = 0; o < kernel.dim(0); ++o) {
    double offset = 0;
    for (int c = 0; c < 3; ++c) {
      const double shift = input.mean(c) - 255 * kMean[c];
      const double scale = 255 * kStd[c];
      for (int64_t i = 0; i < plane; ++i, ++w) {
        const double ours = direction == Direction::kFrom ? *w / scale : *w;
        offset += ours * shift;
        *w = static_cast<float>(direction == Direction::kFrom ? ours
                                                              : ours * scale);
      }
    }
    const double from = mean.data<float>()[o];
    mean.mutable_data<float>()[o] = static_cast<float>(
        direction == Direction::kFrom ? from - offset : from + offset);
  }
  *stem_kernel = kernel;
  *stem_mean = mean;
}

void ConvertVariance(Direction direction, const ConvSpec& layer, Tensor* var) {
  const double ours = layer.norm_eps, theirs = kEpsilon;
  const double more =
      direction == Direction::kFrom ? theirs - ours : ours - theirs;
  if (more == 0) return;
  *var = var->Clone();
  for (int64_t i = 0; i < var->num_elements(); ++i) {
    float& v = var->mutable_data<float>()[i];
    v = static_cast<float>(v + more);
  }
}

void Convert(Direction direction, const ModelConfig& config,
             std::map<std::string, Tensor>* tensors) {
  for (const ConvSpec& layer : TopologyOf(config).layers) {
    if (layer.stage == 0) continue;
    ConvertVariance(direction, layer, &tensors->at(layer.norm + "/avg_var"));
    if (layer.source != ConvSpec::kPicture) continue;
    ConvertStem(direction, config.input(), &tensors->at(layer.name + "/W"),
                &tensors->at(layer.norm + "/avg_mean"));
  }
}

}  // namespace

void FromTorchvisionRules(const ModelConfig& config,
                          std::map<std::string, Tensor>* tensors) {
  Convert(Direction::kFrom, config, tensors);
}

void ToTorchvisionRules(const ModelConfig& config,
                        std::map<std::string, Tensor>* tensors) {
  Convert(Direction::kTo, config, tensors);
}

}  // namespace fcis::model
