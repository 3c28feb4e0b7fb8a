// A layer of a network as a backend has prepared it.
#ifndef FCIS_MODEL_NETWORK_LAYER_H_
#define FCIS_MODEL_NETWORK_LAYER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/optional.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"
#include "fcis/model/stage_times.h"
#include "fcis/model/topology.h"

namespace fcis::model {

struct NetworkLayer {
  int index;  // in the topology
  ConvSpec spec;
  std::unique_ptr<kernels::Convolution> conv;
  kernels::Int8Convolution* int8;  // conv, if it is of maps of 8 bits, or null
  std::vector<int> done;           // nothing reads them after this layer
};

// Of a layer's output, or the picture, among what a pass keeps.
inline size_t Place(int layer) {
  return static_cast<size_t>(layer - ConvSpec::kPicture);
}

// By place: of the maps that are kept in 8 bits.
using MapCodes = std::vector<absl::optional<kernels::Int8Code>>;

// A map as a layer in floats reads it: of type `floats`, or as it is where it
// has no code.
Tensor AsFloats(const absl::optional<kernels::Int8Code>& code,
                const Tensor& map, DType floats);

// What is known of a layer before it has run, by a direct convolution.
// map_bytes: of its source and its residual. floats: of the maps that are not
// in 8 bits.
LayerRun DescribeRun(const NetworkLayer& layer, int64_t map_bytes,
                     DType floats);

}  // namespace fcis::model

#endif  // FCIS_MODEL_NETWORK_LAYER_H_
