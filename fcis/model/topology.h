// The network as a list of its convolutions. Weights and their shapes, FLOPs,
// calibration, inference and training are all read from it, so that another
// network is another list. The list of a ModelConfig is FCIS on a ResNet (Li et
// al. 2017; chainer-fcis models/fcis_resnet101.py and resnet101.py): the stride
// stands in the first 1x1 convolution of a stage; res5 has stride 1 and
// dilation 2, so that res4 and res5 both have stride 16.
#ifndef FCIS_MODEL_TOPOLOGY_H_
#define FCIS_MODEL_TOPOLOGY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/shape.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"

namespace fcis::model {

// Input pixels between neighbours of the maps that the RPN and the head read.
constexpr int kFeatureStride = 16;

// A convolution with what follows it: a frozen batch norm or a bias, a sum, a
// ReLU, a max pool.
struct ConvSpec {
  static constexpr int kPicture = -1;  // as `source`: the network's input
  static constexpr int kNone = -2;     // as `residual`: nothing is added

  std::string name;  // of the tensors name/W and, without a norm, name/b
  // Of the tensors norm/gamma, norm/beta, norm/avg_mean and norm/avg_var; "":
  // the convolution has a bias instead.
  std::string norm;
  double norm_eps = 0;
  kernels::ConvParams params;
  int64_t in = 0, out = 0;  // channels
  int kernel = 1;           // height and width
  // Indices of layers that stand before this one in the list: the one whose
  // output it reads, and the one whose output is added before the ReLU.
  int source = kPicture;
  int residual = kNone;
  bool pooled = false;  // MaxPoolParams() follow
  // 1 to 5: a layer of res1..res5, which the first stages of a training leave
  // as they are; 0: of the RPN or the head.
  int stage = 0;
  // > 0: the output is position-sensitive, of group_size^2 bins (bin_major.h).
  int group_size = 0;
  // What a StageObserver calls the output; "": it is not shown.
  std::string observed_as;
};

struct Topology {
  std::vector<ConvSpec> layers;  // each after those that it reads
  std::vector<int> outputs;      // indices of layers
};

// The outputs of a ModelConfig's network, all of stride kFeatureStride.
enum NetworkOutput {
  kRpnScores,      // f32 [N,h,w,2A]: anchor * 2 + {0 background, 1 foreground}
  kRpnDeltas,      // f32 [N,h,w,4A]: anchor * 4 + {dy, dx, dh, dw}
  kScoreMaps,      // [N,h,w,G*G*2C], bin by bin
  kBoxMaps,        // [N,h,w,G*G*8], bin by bin
  kNetworkOutputs  // their number
};

// The config passed CheckConfig.
Topology TopologyOf(const ModelConfig& config);

// A residual block: 1x1 (strided) - 3x3 (dilated) - 1x1, plus its input or the
// input's projection, then ReLU.
struct BottleneckSpec {
  std::string name;  // of the convolutions name/conv1..4 and norms name/bn1..4
  int64_t in = 0, mid = 0, out = 0;  // channels
  bool projects = false;             // by conv4 and bn4
  int stride = 1, dilation = 1;
  double eps = 1e-5, eps_projection = 2e-5;
  int source = ConvSpec::kPicture;
  int stage = 0;
};
// Appends the block; returns the index of its last layer.
int AddBottleneck(const BottleneckSpec& block, Topology* topology);

// Name prefixes of the bottlenecks of res2..res5 in the order in which they
// run: "extractor/res2/res2_a", "extractor/res2/res2_b1", ...
std::vector<std::string> BottleneckNames(int stage, int blocks);

// How many bottlenecks a stage has, of which is_there("name/conv1/W") says so
// of one after the other; at most 1000.
int CountBottlenecks(
    int stage, absl::FunctionRef<bool(const std::string& kernel)> is_there);

// Channels of the stem.
int StemWidth(const BackboneConfig& config);

struct TensorSpec {
  std::string name;
  Shape shape;
};
// The tensors of all layers, sorted by name; kernels [out,in,kernel,kernel].
std::vector<TensorSpec> TensorsOf(const Topology& topology);

// Output shapes of all layers, behind the max pool where there is one.
// `picture`: N,H,W and the channels that the first layer reads. Errors: a
// picture that is too small, naming the layer.
absl::StatusOr<std::vector<Shape>> ShapesOf(const Topology& topology,
                                            const Shape& picture);

// Multiplications and additions of each layer's sums, for one picture of
// `height` x `width`, and of them all. Errors: those of ShapesOf.
absl::StatusOr<std::vector<double>> LayerFlopsOf(const Topology& topology,
                                                 int height, int width);
absl::StatusOr<double> FlopsOf(const Topology& topology, int height, int width);

// For each layer, the layers whose outputs nothing reads after it has run.
// `outputs` are kept, and of layers that are not `used` nothing is said.
std::vector<std::vector<int>> LastUses(const Topology& topology,
                                       const std::vector<bool>& used,
                                       const std::vector<int>& outputs);

}  // namespace fcis::model

#endif  // FCIS_MODEL_TOPOLOGY_H_
