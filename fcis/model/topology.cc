#include "fcis/model/topology.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"

namespace fcis::model {
namespace {

constexpr int kFirstStage = 2;  // res2, behind the stem

// Stride and dilation of res2..res5; the stem and its pool have 4 already.
constexpr int kStrides[] = {1, 2, 2, 1};
constexpr int kDilations[] = {1, 1, 1, 2};

int Add(const ConvSpec& layer, Topology* topology) {
  topology->layers.push_back(layer);
  return static_cast<int>(topology->layers.size()) - 1;
}

int AddStem(const BackboneConfig& config, Topology* topology) {
  ConvSpec stem;
  stem.name = "extractor/res1/conv1";
  stem.norm = "extractor/res1/bn1";
  stem.norm_eps = config.bn_eps_stem();
  stem.params.stride = 2;
  stem.params.pad = 3;
  stem.params.relu = true;
  stem.in = 3;
  stem.out = StemWidth(config);
  stem.kernel = 7;
  stem.pooled = true;
  stem.stage = 1;
  stem.observed_as = "res1";
  return Add(stem, topology);
}

// res2, ... by s = 0, ...
int AddStage(const BackboneConfig& config, int s, int source,
             Topology* topology) {
  BottleneckSpec block;
  block.stage = kFirstStage + s;
  block.stride = kStrides[s];
  block.dilation = kDilations[s];
  block.eps = config.bn_eps();
  block.eps_projection = config.bn_eps_projection();
  block.projects = true;
  block.in = topology->layers[static_cast<size_t>(source)].out;
  block.mid = int64_t{config.width()} << s;
  block.out = 4 * block.mid;
  for (const std::string& name :
       BottleneckNames(block.stage, config.blocks(s))) {
    block.name = name;
    block.source = source;
    source = AddBottleneck(block, topology);
    block.in = block.out;
    block.stride = 1;
    block.projects = false;
  }
  topology->layers[static_cast<size_t>(source)].observed_as =
      absl::StrCat("res", block.stage);
  return source;
}

ConvSpec Head(const std::string& name, const ConvSpec& source, int index,
              int64_t out) {
  ConvSpec layer;
  layer.name = name;
  layer.in = source.out;
  layer.out = out;
  layer.source = index;
  return layer;
}

void AddRpn(const RpnConfig& config, int source, Topology* topology) {
  const auto at = [topology](int i) {
    return topology->layers[static_cast<size_t>(i)];
  };
  ConvSpec hidden =
      Head("rpn/conv1", at(source), source, config.mid_channels());
  hidden.kernel = 3;
  hidden.params.pad = 1;
  hidden.params.relu = true;
  hidden.observed_as = "rpn_conv1";
  const int h = Add(hidden, topology);
  const int64_t anchors = int64_t{config.ratios_size()} * config.scales_size();
  ConvSpec deltas = Head("rpn/loc", at(h), h, 4 * anchors);
  ConvSpec scores = Head("rpn/score", at(h), h, 2 * anchors);
  deltas.params.f32_output = scores.params.f32_output = true;
  topology->outputs[kRpnDeltas] = Add(deltas, topology);
  topology->outputs[kRpnScores] = Add(scores, topology);
}

void AddHead(const ModelConfig& config, int source, Topology* topology) {
  const auto at = [topology](int i) {
    return topology->layers[static_cast<size_t>(i)];
  };
  const HeadConfig& head = config.head();
  ConvSpec hidden =
      Head("head/psroi_conv1", at(source), source, head.mid_channels());
  hidden.params.relu = true;
  hidden.observed_as = "psroi_conv1";
  const int h = Add(hidden, topology);
  const int64_t bins = int64_t{head.group_size()} * head.group_size();
  // Boxes of two slots, background and foreground.
  ConvSpec boxes = Head("head/psroi_conv3", at(h), h, bins * 2 * 4);
  // Inside and outside scores of each class and of the background.
  ConvSpec scores = Head("head/psroi_conv2", at(h), h,
                         bins * 2 * (config.classes_size() + 1));
  boxes.group_size = scores.group_size = head.group_size();
  boxes.observed_as = "h_locs";
  scores.observed_as = "h_cls_seg";
  topology->outputs[kBoxMaps] = Add(boxes, topology);
  topology->outputs[kScoreMaps] = Add(scores, topology);
}

Shape WeightShape(const ConvSpec& layer) {
  return {layer.out, layer.in, layer.kernel, layer.kernel};
}

// The shape of what a layer's convolution gives, before the max pool; shapes:
// of the layers before it.
absl::StatusOr<Shape> SumsShape(const ConvSpec& layer, const Shape& picture,
                                const std::vector<Shape>& shapes) {
  return kernels::ops::InferConvShape(
      layer.params,
      layer.source == ConvSpec::kPicture
          ? picture
          : shapes[static_cast<size_t>(layer.source)],
      WeightShape(layer));
}

}  // namespace

// In the order of the list a backward pass ends with the stem, and has the
// head's gradients, the largest ones, first.
Topology TopologyOf(const ModelConfig& config) {
  Topology topology;
  topology.outputs.resize(kBoxMaps + 1);
  const BackboneConfig& backbone = config.backbone();
  int x = AddStem(backbone, &topology);
  for (int s = 0; s < backbone.blocks_size(); ++s) {
    x = AddStage(backbone, s, x, &topology);
    if (s + 2 == backbone.blocks_size()) AddRpn(config.rpn(), x, &topology);
  }
  AddHead(config, x, &topology);
  return topology;
}

int AddBottleneck(const BottleneckSpec& block, Topology* topology) {
  const auto add = [&](int index, int64_t in, int64_t out, int source) {
    ConvSpec layer;
    layer.name = absl::StrCat(block.name, "/conv", index);
    layer.norm = absl::StrCat(block.name, "/bn", index);
    layer.norm_eps = block.eps;
    layer.in = in;
    layer.out = out;
    layer.source = source;
    layer.stage = block.stage;
    layer.params.relu = true;
    return Add(layer, topology);
  };
  const auto at = [topology](int i) -> ConvSpec& {
    return topology->layers[static_cast<size_t>(i)];
  };
  const int reduce = add(1, block.in, block.mid, block.source);
  at(reduce).params.stride = block.stride;
  const int spatial = add(2, block.mid, block.mid, reduce);
  at(spatial).kernel = 3;
  at(spatial).params.pad = at(spatial).params.dilation = block.dilation;
  int shortcut = block.source;
  if (block.projects) {
    shortcut = add(4, block.in, block.out, block.source);
    at(shortcut).norm_eps = block.eps_projection;
    at(shortcut).params.stride = block.stride;
    at(shortcut).params.relu = false;
  }
  const int expand = add(3, block.mid, block.out, spatial);
  at(expand).residual = shortcut;
  return expand;
}

std::vector<std::string> BottleneckNames(int stage, int blocks) {
  const std::string prefix =
      absl::StrCat("extractor/res", stage, "/res", stage, "_");
  std::vector<std::string> names = {prefix + "a"};
  for (int b = 1; b < blocks; ++b) {
    names.push_back(absl::StrCat(prefix, "b", b));
  }
  return names;
}

int CountBottlenecks(
    int stage, absl::FunctionRef<bool(const std::string& kernel)> is_there) {
  constexpr int kMost = 1000;
  int count = 0;
  for (const std::string& name : BottleneckNames(stage, kMost)) {
    if (!is_there(name + "/conv1/W")) break;
    ++count;
  }
  return count;
}

int StemWidth(const BackboneConfig& config) {
  return config.stem_width() > 0 ? config.stem_width() : config.width();
}

std::vector<TensorSpec> TensorsOf(const Topology& topology) {
  std::vector<TensorSpec> tensors;
  for (const ConvSpec& layer : topology.layers) {
    tensors.push_back({layer.name + "/W", WeightShape(layer)});
    if (layer.norm.empty()) {
      tensors.push_back({layer.name + "/b", {layer.out}});
      continue;
    }
    for (const char* part : {"gamma", "beta", "avg_mean", "avg_var"}) {
      tensors.push_back({absl::StrCat(layer.norm, "/", part), {layer.out}});
    }
  }
  std::sort(
      tensors.begin(), tensors.end(),
      [](const TensorSpec& a, const TensorSpec& b) { return a.name < b.name; });
  return tensors;
}

absl::StatusOr<std::vector<Shape>> ShapesOf(const Topology& topology,
                                            const Shape& picture) {
  std::vector<Shape> shapes;
  for (const ConvSpec& layer : topology.layers) {
    absl::StatusOr<Shape> y = SumsShape(layer, picture, shapes);
    if (y.ok() && layer.pooled) {
      y = kernels::ops::InferMaxPoolShape(kernels::MaxPoolParams(), *y);
    }
    if (!y.ok()) return Within(layer.name, y.status());
    shapes.push_back(*y);
  }
  return shapes;
}

absl::StatusOr<std::vector<double>> LayerFlopsOf(const Topology& topology,
                                                 int height, int width) {
  const Shape picture = {1, height, width, topology.layers[0].in};
  ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                   ShapesOf(topology, picture));
  std::vector<double> flops;
  for (const ConvSpec& layer : topology.layers) {
    ASSIGN_OR_RETURN(const Shape y, SumsShape(layer, picture, shapes));
    flops.push_back(
        2.0 * static_cast<double>(y.num_elements()) *
        static_cast<double>(layer.in * layer.kernel * layer.kernel));
  }
  return flops;
}

absl::StatusOr<double> FlopsOf(const Topology& topology, int height,
                               int width) {
  ASSIGN_OR_RETURN(const std::vector<double> flops,
                   LayerFlopsOf(topology, height, width));
  return std::accumulate(flops.begin(), flops.end(), 0.0);
}

std::vector<std::vector<int>> LastUses(const Topology& topology,
                                       const std::vector<bool>& used,
                                       const std::vector<int>& outputs) {
  const size_t n = topology.layers.size();
  std::vector<int> last(n, ConvSpec::kNone);
  for (size_t i = 0; i < n; ++i) {
    if (!used[i]) continue;
    const ConvSpec& layer = topology.layers[i];
    for (const int read : {layer.source, layer.residual}) {
      if (read >= 0) last[static_cast<size_t>(read)] = static_cast<int>(i);
    }
  }
  for (const int output : outputs) {
    last[static_cast<size_t>(output)] = ConvSpec::kNone;
  }
  std::vector<std::vector<int>> uses(n);
  for (size_t i = 0; i < n; ++i) {
    if (last[i] >= 0) {
      uses[static_cast<size_t>(last[i])].push_back(static_cast<int>(i));
    }
  }
  return uses;
}

}  // namespace fcis::model
