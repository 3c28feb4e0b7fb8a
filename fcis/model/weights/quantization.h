// What a network needs to be computed in 8 bits: kernels of 8 bits, by layer,
// and the scales of the maps between layers. In a file it stands among the
// tensors: LAYER/W is i8 and has LAYER/W_scale, f32 [out], beside it; the scale
// of what a layer gives is LAYER/map_scale, f32 [1]. Kernels stand before the
// folding of batch norms, which changes scales alone.
#ifndef FCIS_MODEL_WEIGHTS_QUANTIZATION_H_
#define FCIS_MODEL_WEIGHTS_QUANTIZATION_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/model/topology.h"

namespace fcis::model {

// The value of an element of output channel o is scale[o] * element.
struct Int8Kernel {
  Tensor elements;  // i8 [out,in,kernel,kernel]
  Tensor scale;     // f32 [out], > 0
};

struct Quantization {
  // By layer; the layers that are not there are computed in floats.
  std::map<std::string, Int8Kernel> kernels;
  // By the layer that gives the map, kPictureMap of the network's input: the
  // maps that are kept in 8 bits, and their scales.
  std::map<std::string, float> maps;
  // By how much the network's outputs are off by their size (model/quantize.h),
  // as the tensor quantization/loss, f32 [1]; none: it was not measured.
  std::optional<float> loss;

  bool empty() const { return kernels.empty(); }
};

// The name of the network's input, as that of a layer.
inline constexpr char kPictureMap[] = "picture";

// What the map of a layer of the topology, or ConvSpec::kPicture, is called.
std::string MapName(const Topology& topology, int layer);

// Its code in 8 bits: u8 behind a ReLU, else i8.
kernels::Int8Code MapCode(const Topology& topology, int layer, float scale);

// The kernel's values, f32.
Tensor KernelValues(const Int8Kernel& kernel);

// Takes the scales out of a file's tensors, and puts values in place of kernels
// of 8 bits. Errors, naming `source` and the tensor: a kernel of 8 bits without
// its scales, scales without one, scales of another type or shape or that are
// not positive numbers.
absl::StatusOr<Quantization> TakeQuantization(
    const std::string& source, std::map<std::string, Tensor>* tensors);

// The other way round, for a file.
void PutQuantization(const Quantization& quantization,
                     std::map<std::string, Tensor>* tensors);

// OK when every kernel is that of a layer, of its shape, and the maps that such
// layers read are in 8 bits; outputs of the network are not. Else an error that
// names `source` and the layer. None is fine.
absl::Status CheckQuantization(const Topology& topology,
                               const Quantization& quantization,
                               const std::string& source);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_QUANTIZATION_H_
