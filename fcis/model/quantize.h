// Makes a quantised model (weights/quantization.h) of one in floats: the ranges
// of maps are measured on pictures, and so is what each layer in 8 bits costs
// in accuracy; the layers that cost the most stay in floats.
#ifndef FCIS_MODEL_QUANTIZE_H_
#define FCIS_MODEL_QUANTIZE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

struct QuantizeOptions {
  // Pictures, >= 1, of which the first loss_pictures, 0 to `pictures`, also
  // tell what layers cost; 0: nothing does, and all layers are in 8 bits.
  int pictures = 1, loss_pictures = 1;
  // Of the network's outputs, relative to their size: the layers in 8 bits are
  // chosen so that their losses, as if independent of each other, add up to no
  // more.
  double max_loss = 0.05;
  // Told of each piece of work done: what, how many of how many; may be null.
  std::function<void(absl::string_view what, int done, int total)> progress;
};

struct QuantizedLayer {
  std::string name;
  bool int8 = false;
  // Of the map that it gives: the largest magnitude, and where it is clipped; 0
  // where it is not kept in 8 bits.
  float largest = 0, clip = 0;
  // Root mean square by that of the values: of that map, of its kernel.
  double map_error = 0, kernel_error = 0;
  double loss = 0;   // of the network's outputs if it alone is in 8 bits
  double share = 0;  // of the network's multiplications
};

struct QuantizedModel {
  Weights weights;
  std::vector<QuantizedLayer> layers;  // in the topology's order
  // Of the network's outputs; none where no picture tells losses.
  std::optional<double> loss;
};

// picture: the i-th, prepared, f32 [1,H,W,channels]. `weights` passed
// CheckWeights; what is quantised of it already is quantised anew. Errors: the
// backend computes no int8; those of `picture`; values that are not finite,
// naming the layer.
absl::StatusOr<QuantizedModel> Quantize(
    const Weights& weights, const QuantizeOptions& options,
    const std::function<absl::StatusOr<Tensor>(int i)>& picture,
    kernels::Backend* backend);

}  // namespace fcis::model

#endif  // FCIS_MODEL_QUANTIZE_H_
