#include "fcis/model/weights/quantization.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {
namespace {

constexpr absl::string_view kKernel = "/W";
constexpr absl::string_view kKernelScale = "/W_scale";
constexpr absl::string_view kMapScale = "/map_scale";
constexpr char kLoss[] = "quantization/loss";

absl::Status Bad(const std::string& source, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
}

absl::Status CheckScale(const std::string& source, const std::string& name,
                        const Tensor& scale, int64_t count) {
  const std::string misfit = Misfit(name, scale, {count});
  if (!misfit.empty()) return Bad(source, misfit);
  for (const float v : scale.span<float>()) {
    if (std::isfinite(v) && v > 0) continue;
    return Bad(source,
               absl::StrCat(name, " holds ", v, ", expected positive numbers"));
  }
  return absl::OkStatus();
}

// The layer of a tensor `layer`/W and the like, "" of another name.
std::string LayerOf(const std::string& name, absl::string_view ending) {
  return absl::EndsWith(name, ending)
             ? std::string(absl::StripSuffix(name, ending))
             : "";
}

absl::Status TakeKernel(const std::string& source, const std::string& layer,
                        std::map<std::string, Tensor>* tensors,
                        Quantization* result) {
  const std::string name = absl::StrCat(layer, kKernel);
  const std::string scale_name = absl::StrCat(layer, kKernelScale);
  const auto scale = tensors->find(scale_name);
  Tensor& kernel = tensors->at(name);
  if (scale == tensors->end()) {
    return Bad(source,
               absl::StrCat(name, " is i8, but ", scale_name, " is missing"));
  }
  if (kernel.shape().rank() != 4 || kernel.num_elements() == 0) {
    return Bad(source,
               absl::StrCat(name, " of 8 bits is ", kernel.shape().ToString(),
                            ", expected a convolution's kernel"));
  }
  RETURN_IF_ERROR(CheckScale(source, scale_name, scale->second, kernel.dim(0)));
  Int8Kernel& taken = result->kernels[layer];
  taken = {kernel, scale->second};
  kernel = KernelValues(taken);
  tensors->erase(scale);
  return absl::OkStatus();
}

}  // namespace

std::string MapName(const Topology& topology, int layer) {
  return layer == ConvSpec::kPicture
             ? kPictureMap
             : topology.layers[static_cast<size_t>(layer)].name;
}

kernels::Int8Code MapCode(const Topology& topology, int layer, float scale) {
  const bool positive =
      layer >= 0 && topology.layers[static_cast<size_t>(layer)].params.relu;
  return {positive ? DType::kU8 : DType::kI8, scale};
}

Tensor KernelValues(const Int8Kernel& kernel) {
  Tensor values(kernel.elements.shape());
  const int64_t out = values.dim(0), row = values.num_elements() / out;
  const int8_t* from = kernel.elements.data<int8_t>();
  float* to = values.mutable_data<float>();
  for (int64_t o = 0; o < out; ++o) {
    const float scale = kernel.scale.data<float>()[o];
    for (int64_t i = 0; i < row; ++i) {
      *to++ = scale * static_cast<float>(*from++);
    }
  }
  return values;
}

absl::StatusOr<Quantization> TakeQuantization(
    const std::string& source, std::map<std::string, Tensor>* tensors) {
  Quantization result;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : *tensors) names.push_back(name);
  for (const std::string& name : names) {
    const std::string layer = LayerOf(name, kKernel);
    if (layer.empty() || tensors->at(name).type() != DType::kI8) continue;
    RETURN_IF_ERROR(TakeKernel(source, layer, tensors, &result));
  }
  if (result.empty()) return result;  // leftovers are unknown tensors
  for (const std::string& name : names) {
    const std::string layer = LayerOf(name, kMapScale);
    if (layer.empty()) continue;
    RETURN_IF_ERROR(CheckScale(source, name, tensors->at(name), 1));
    result.maps[layer] = tensors->at(name).data<float>()[0];
    tensors->erase(name);
  }
  const auto loss = tensors->find(kLoss);
  if (loss == tensors->end()) return result;
  RETURN_IF_ERROR(CheckScale(source, kLoss, loss->second, 1));
  result.loss = loss->second.data<float>()[0];
  tensors->erase(loss);
  return result;
}

void PutQuantization(const Quantization& quantization,
                     std::map<std::string, Tensor>* tensors) {
  for (const auto& [layer, kernel] : quantization.kernels) {
    (*tensors)[absl::StrCat(layer, kKernel)] = kernel.elements;
    (*tensors)[absl::StrCat(layer, kKernelScale)] = kernel.scale;
  }
  for (const auto& [map, scale] : quantization.maps) {
    Tensor one(Shape{1});
    one.mutable_data<float>()[0] = scale;
    (*tensors)[absl::StrCat(map, kMapScale)] = one;
  }
  if (quantization.loss) {
    Tensor one(Shape{1});
    one.mutable_data<float>()[0] = *quantization.loss;
    (*tensors)[kLoss] = one;
  }
}

absl::Status CheckQuantization(const Topology& topology,
                               const Quantization& quantization,
                               const std::string& source) {
  if (quantization.empty()) return absl::OkStatus();
  std::set<std::string> maps = {kPictureMap}, kernels;
  for (size_t i = 0; i < topology.layers.size(); ++i) {
    const ConvSpec& layer = topology.layers[i];
    maps.insert(layer.name);
    const auto kernel = quantization.kernels.find(layer.name);
    if (kernel == quantization.kernels.end()) continue;
    kernels.insert(layer.name);
    const Shape expected = {layer.out, layer.in, layer.kernel, layer.kernel};
    if (kernel->second.elements.shape() != expected) {
      return Bad(source,
                 absl::StrCat(layer.name, kKernel, " of 8 bits is ",
                              kernel->second.elements.shape().ToString(),
                              ", expected ", expected.ToString()));
    }
    std::vector<int> needed = {layer.source};
    if (layer.residual != ConvSpec::kNone) {
      needed.insert(needed.end(), {layer.residual, static_cast<int>(i)});
    }
    for (const int map : needed) {
      const std::string name = MapName(topology, map);
      if (quantization.maps.count(name) > 0) continue;
      return Bad(source, absl::StrCat(name, kMapScale, " is missing, which ",
                                      layer.name, " in 8 bits needs"));
    }
  }
  for (const int output : topology.outputs)
    maps.erase(MapName(topology, output));
  for (const auto& [layer, kernel] : quantization.kernels) {
    if (kernels.count(layer) > 0) continue;
    return Bad(source, absl::StrCat(layer, kKernelScale,
                                    " belongs to no layer of the model"));
  }
  for (const auto& [map, scale] : quantization.maps) {
    if (maps.count(map) > 0) continue;
    return Bad(source, absl::StrCat(map, kMapScale,
                                    " belongs to no map between layers"));
  }
  return absl::OkStatus();
}

}  // namespace fcis::model
