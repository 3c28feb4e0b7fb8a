// The network as an ONNX file, for other programs to run: all that is computed
// of a prepared picture before proposals are chosen and pooled.
//   in   picture     [batch,3,height,width]: R, G, B less config.input.mean,
//                    resized as fcis/core/image/prepare.h says
//   out  rpn_scores  [batch,2A,rows,columns], anchor * 2 + {0 background,
//                    1 foreground}
//        rpn_deltas  [batch,4A,rows,columns], anchor * 4 + {dy, dx, dh, dw}
//        score_maps  [batch,2CGG,rows,columns], ((class * 2 + {0 outside,
//                    1 inside}) * G + gh) * G + gw
//        box_maps    [batch,8GG,rows,columns], ((slot * 4 + k) * G + gh) * G +
//                    gw
// All are f32; scores are logits. A: anchors of a place; C: classes, background
// first; G: config.head.group_size; rows and columns have kFeatureStride. A
// picture has 3 pixels a side at least.
#ifndef FCIS_MODEL_ONNX_EXPORT_ONNX_H_
#define FCIS_MODEL_ONNX_EXPORT_ONNX_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/model/onnx/onnx.pb.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

// What every runtime of the last years reads; no newer operator is needed.
inline constexpr int kOnnxOpset = 13;

// The graph of the layers: Conv, with its batch norm folded, Add, Relu,
// MaxPool. A layer's output has its name, but for the network's outputs; its
// kernel and bias are NAME/W and NAME/b. Kernels that are quantised are there
// as the floats that they stand for. `weights` have the topology's tensors
// (CheckTensors). Errors: those of FoldBatchNorm.
absl::StatusOr<onnx::ModelProto> OnnxModelOf(const Topology& topology,
                                             const Weights& weights);

// Writes that of the config's topology, with the config as metadata under
// kModelConfigKey. Atomic. Errors name the path: not writable, or over the 2 GB
// of one file.
absl::Status ExportOnnx(const std::string& path, const Weights& weights);

}  // namespace fcis::model

#endif  // FCIS_MODEL_ONNX_EXPORT_ONNX_H_
