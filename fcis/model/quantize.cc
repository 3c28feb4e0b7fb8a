#include "fcis/model/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/network.h"
#include "fcis/model/quantize_kernel.h"
#include "fcis/model/topology.h"
#include "fcis/model/value_histogram.h"

namespace fcis::model {
namespace {

using Maps = std::vector<Tensor>;

// The topology with every layer shown under its name, as the kernels order its
// channels.
Topology AllShown(const ModelConfig& config) {
  Topology topology = TopologyOf(config);
  for (ConvSpec& layer : topology.layers) {
    layer.observed_as = layer.name;
    layer.group_size = 0;
  }
  return topology;
}

// What a map was like on all pictures.
class MapStatistics {
 public:
  // map: f32 [1,channels,H,W]. Returns whether all values are finite; nothing
  // is added if not.
  bool Add(const Tensor& map) {
    const auto values = map.span<float>();
    if (!std::all_of(values.begin(), values.end(),
                     [](float v) { return std::isfinite(v); })) {
      return false;
    }
    histogram_.Add(values);
    sums_.resize(static_cast<size_t>(map.dim(1)));
    const auto plane = static_cast<size_t>(map.dim(2) * map.dim(3));
    count_ += static_cast<double>(plane);
    for (size_t c = 0; c < sums_.size(); ++c) {
      for (const double v : values.subspan(c * plane, plane)) sums_[c] += v;
    }
    return true;
  }
  const ValueHistogram& histogram() const { return histogram_; }
  // Of each channel.
  std::vector<double> Means() const {
    std::vector<double> means = sums_;
    for (double& mean : means) mean /= count_;
    return means;
  }

 private:
  ValueHistogram histogram_;
  std::vector<double> sums_;
  double count_ = 0;  // of values per channel
};

// A file's loss is a positive number.
constexpr float kLeastLoss = 1e-6f;

// Steps from 0 to the largest element of a map's code.
int StepsOf(DType type) { return type == DType::kU8 ? 255 : 127; }

absl::StatusOr<Maps> OnHost(absl::StatusOr<Maps> maps,
                            kernels::Backend* backend) {
  RETURN_IF_ERROR(maps.status());
  for (Tensor& map : *maps) {
    ASSIGN_OR_RETURN(map, backend->ToHost(map));
    map = kernels::AsF32(map);
  }
  return maps;
}

class Quantizer {
 public:
  Quantizer(const Weights& weights, const QuantizeOptions& options,
            kernels::Backend* backend)
      : weights_(weights),
        options_(options),
        backend_(backend),
        topology_(AllShown(weights.config)) {
    weights_.int8 = Quantization();
  }

  absl::StatusOr<QuantizedModel> Run(
      const std::function<absl::StatusOr<Tensor>(int i)>& picture) {
    RETURN_IF_ERROR(Measure(picture));
    RETURN_IF_ERROR(QuantizeKernels());
    RETURN_IF_ERROR(Lose());
    Choose();
    QuantizedModel model;
    std::set<size_t> chosen;
    for (size_t i = 0; i < layers_.size(); ++i) {
      if (layers_[i].int8) chosen.insert(i);
    }
    model.weights = With(chosen);
    if (!pictures_.empty()) {
      ASSIGN_OR_RETURN(model.loss, LossOf(model.weights));
      model.weights.int8.loss =
          std::max(static_cast<float>(*model.loss), kLeastLoss);
    }
    Describe(model.weights.int8);
    for (auto& [name, kernel] : model.weights.int8.kernels) {
      model.weights.tensors[name + "/W"] = KernelValues(kernel);
    }
    model.layers = std::move(layers_);
    return model;
  }

 private:
  void Tell(absl::string_view what, int done, int total) const {
    if (options_.progress != nullptr) options_.progress(what, done, total);
  }

  // Statistics of all maps; of some pictures the outputs too.
  absl::Status Measure(
      const std::function<absl::StatusOr<Tensor>(int i)>& picture) {
    ASSIGN_OR_RETURN(
        const Network network,
        Network::Create(topology_, topology_.outputs, weights_, backend_));
    std::string broken;
    const auto add = [&](absl::string_view name, const Tensor& map) {
      const bool finite = maps_[std::string(name)].Add(map);
      if (!finite && broken.empty()) broken = std::string(name);
    };
    Shape size;
    for (int i = 0; i < options_.pictures; ++i) {
      ASSIGN_OR_RETURN(const Tensor prepared, picture(i));
      size = prepared.shape();
      add(kPictureMap, NhwcToNchw(prepared));
      ASSIGN_OR_RETURN(Maps maps, OnHost(network.Run(prepared, add), backend_));
      if (!broken.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(weights_.source, ": ", broken,
                         " gives values that are not finite"));
      }
      if (i < options_.loss_pictures) {
        pictures_.push_back(prepared);
        exact_.push_back(std::move(maps));
      }
      Tell("ranges", i + 1, options_.pictures);
    }
    ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                     ShapesOf(topology_, size));
    double all = 0;
    for (size_t i = 0; i < shapes.size(); ++i) {
      const ConvSpec& layer = topology_.layers[i];
      QuantizedLayer& report = layers_.emplace_back();
      report.name = layer.name;
      // Of a pooled layer four times as much; it is one, and small.
      report.share = static_cast<double>(shapes[i].num_elements()) *
                     static_cast<double>(layer.in * layer.kernel *
                                         layer.kernel * (layer.pooled ? 4 : 1));
      all += report.share;
    }
    for (QuantizedLayer& layer : layers_) layer.share /= all;
    return absl::OkStatus();
  }

  absl::Status QuantizeKernels() {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const ConvSpec& layer = topology_.layers[i];
      const Tensor& exact = weights_.tensors.at(layer.name + "/W");
      QuantizedKernel q = QuantizeKernel(exact);
      layers_[i].kernel_error = q.error;
      kernels_[layer.name] = std::move(q.kernel);
      RETURN_IF_ERROR(CorrectBias(layer, exact));
    }
    for (int i = ConvSpec::kPicture; i < static_cast<int>(layers_.size());
         ++i) {
      const int steps = StepsOf(MapCode(topology_, i, 1).type);
      clips_.push_back(
          maps_[MapName(topology_, i)].histogram().BestClip(steps));
    }
    return absl::OkStatus();
  }

  // What rounding the kernel takes from the mean of each output, the bias gives
  // back: an error of the mean is the only one that no average over positions
  // makes smaller (Nagel et al. 2019, section 4.2; borders are left out).
  absl::Status CorrectBias(const ConvSpec& layer, const Tensor& exact) {
    const std::vector<double> shift =
        MeanShift(exact, kernels_.at(layer.name),
                  maps_.at(MapName(topology_, layer.source)).Means());
    const std::string name =
        layer.norm.empty() ? layer.name + "/b" : layer.norm + "/beta";
    Tensor bias = weights_.tensors.at(name).Clone();
    FoldedNorm norm;
    if (!layer.norm.empty()) {
      ASSIGN_OR_RETURN(norm, FoldNorm(weights_, layer.norm, layer.norm_eps));
    }
    float* b = bias.mutable_data<float>();
    for (size_t o = 0; o < shift.size(); ++o) {
      const float factor =
          layer.norm.empty() ? 1.0f : norm.factor.data<float>()[o];
      b[o] -= static_cast<float>(double{factor} * shift[o]);
    }
    biases_[layer.name] = {name, std::move(bias)};
    return absl::OkStatus();
  }

  // The model with these layers, and the maps that they read, in 8 bits.
  Weights With(const std::set<size_t>& chosen) const {
    Weights weights = weights_;
    const auto keep = [&](int map) {
      const ValueHistogram::Clip& clip =
          clips_[static_cast<size_t>(map - ConvSpec::kPicture)];
      const auto steps =
          static_cast<float>(StepsOf(MapCode(topology_, map, 1).type));
      const float scale = clip.clip / steps;
      weights.int8.maps[MapName(topology_, map)] =
          std::isnormal(scale) ? scale : 1.0f;
    };
    for (const size_t i : chosen) {
      const ConvSpec& layer = topology_.layers[i];
      weights.int8.kernels[layer.name] = kernels_.at(layer.name);
      const auto& bias = biases_.at(layer.name);
      weights.tensors[bias.first] = bias.second;
      keep(layer.source);
      if (layer.residual == ConvSpec::kNone) continue;
      keep(layer.residual);
      keep(static_cast<int>(i));
    }
    return weights;
  }

  // How far the outputs are off, by their size: the root of the mean over the
  // outputs of the relative squared errors.
  absl::StatusOr<double> LossOf(const Weights& weights) const {
    ASSIGN_OR_RETURN(
        const Network network,
        Network::Create(topology_, topology_.outputs, weights, backend_));
    std::vector<double> error(topology_.outputs.size()), power(error.size());
    for (size_t p = 0; p < pictures_.size(); ++p) {
      ASSIGN_OR_RETURN(const Maps maps,
                       OnHost(network.Run(pictures_[p], nullptr), backend_));
      for (size_t m = 0; m < maps.size(); ++m) {
        const float* got = maps[m].data<float>();
        for (const float want : exact_[p][m].span<float>()) {
          const double d = double{*got++} - want;
          error[m] += d * d;
          power[m] += double{want} * want;
        }
      }
    }
    double sum = 0;
    for (size_t m = 0; m < error.size(); ++m) {
      if (power[m] > 0) sum += error[m] / power[m];
    }
    return std::sqrt(sum / static_cast<double>(error.size()));
  }

  absl::Status Lose() {
    if (pictures_.empty()) return absl::OkStatus();
    const int all = static_cast<int>(layers_.size());
    for (int i = 0; i < all; ++i) {
      const auto layer = static_cast<size_t>(i);
      ASSIGN_OR_RETURN(layers_[layer].loss, LossOf(With({layer})));
      Tell("losses", i + 1, all);
    }
    return absl::OkStatus();
  }

  // Leaves out what loses the most for the time that it saves.
  void Choose() {
    std::vector<size_t> order;
    double sum = 0;
    for (size_t i = 0; i < layers_.size(); ++i) {
      order.push_back(i);
      layers_[i].int8 = true;
      sum += layers_[i].loss * layers_[i].loss;
    }
    const auto badness = [this](size_t i) {
      return layers_[i].loss * layers_[i].loss / layers_[i].share;
    };
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return badness(a) > badness(b); });
    for (const size_t i : order) {
      if (sum <= options_.max_loss * options_.max_loss) break;
      layers_[i].int8 = false;
      sum -= layers_[i].loss * layers_[i].loss;
    }
  }

  void Describe(const Quantization& int8) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      QuantizedLayer& layer = layers_[i];
      layer.largest = maps_[layer.name].histogram().largest();
      if (int8.maps.count(layer.name) == 0) continue;
      const ValueHistogram::Clip& clip = clips_[i + 1];
      layer.clip = clip.clip;
      layer.map_error = clip.error;
    }
  }

  Weights weights_;  // in floats
  const QuantizeOptions& options_;
  kernels::Backend* const backend_;
  const Topology topology_;
  std::map<std::string, MapStatistics> maps_;
  std::vector<ValueHistogram::Clip> clips_;    // the picture's first
  std::map<std::string, Int8Kernel> kernels_;  // by layer
  // By layer: the name of its bias or beta, and the corrected one.
  std::map<std::string, std::pair<std::string, Tensor>> biases_;
  std::vector<Tensor> pictures_;  // that tell losses
  std::vector<Maps> exact_;       // their outputs in floats
  std::vector<QuantizedLayer> layers_;
};

}  // namespace

absl::StatusOr<QuantizedModel> Quantize(
    const Weights& weights, const QuantizeOptions& options,
    const std::function<absl::StatusOr<Tensor>(int i)>& picture,
    kernels::Backend* backend) {
  if (!backend->computes_int8()) {
    return absl::UnimplementedError(absl::StrCat(
        "the backend ", backend->name(), " with ", backend->precision(),
        " computes no int8, which has to be measured"));
  }
  return Quantizer(weights, options, backend).Run(picture);
}

}  // namespace fcis::model
