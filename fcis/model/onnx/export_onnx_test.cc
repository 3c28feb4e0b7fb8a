#include "fcis/model/onnx/export_onnx.h"

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// Blocks 1, 2, 1, 2; four channels wide.
Weights Mini() { return DeterministicWeights(*Preset("parity_mini"), 3); }

// What a file holds, by name.
class Graph {
 public:
  explicit Graph(const onnx::GraphProto& graph) : graph_(graph) {
    for (const onnx::TensorProto& t : graph.initializer()) {
      EXPECT_TRUE(initializers_.emplace(t.name(), t).second) << t.name();
    }
    for (const onnx::NodeProto& n : graph.node()) {
      EXPECT_TRUE(makers_.emplace(n.output(0), n).second) << n.output(0);
    }
  }

  const onnx::GraphProto& proto() const { return graph_; }
  size_t num_initializers() const { return initializers_.size(); }

  // The node that makes a value; an empty one for none.
  onnx::NodeProto MakerOf(const std::string& value) const {
    const auto found = makers_.find(value);
    return found == makers_.end() ? onnx::NodeProto() : found->second;
  }

  void ExpectInitializer(const std::string& name, const Tensor& want) const {
    const auto found = initializers_.find(name);
    ASSERT_NE(found, initializers_.end()) << name;
    const onnx::TensorProto& got = found->second;
    EXPECT_EQ(got.data_type(), onnx::TensorProto::FLOAT);
    ASSERT_THAT(got.dims(), ElementsAreArray(want.shape().extents())) << name;
    ASSERT_EQ(got.raw_data().size(), want.num_bytes()) << name;
    EXPECT_EQ(std::memcmp(got.raw_data().data(), want.raw(), want.num_bytes()),
              0)
        << name;
  }

 private:
  const onnx::GraphProto graph_;
  std::map<std::string, onnx::TensorProto> initializers_;
  std::map<std::string, onnx::NodeProto> makers_;
};

std::vector<int64_t> Ints(const onnx::NodeProto& node,
                          const std::string& name) {
  for (const onnx::AttributeProto& a : node.attribute()) {
    if (a.name() == name && a.type() == onnx::AttributeProto::INTS) {
      return {a.ints().begin(), a.ints().end()};
    }
  }
  ADD_FAILURE() << node.name() << " has no " << name;
  return {};
}

// Taken off the end of a layer, whose output is `value`; the value before it.
std::string Before(const Graph& graph, const std::string& value,
                   const std::string& type) {
  const onnx::NodeProto node = graph.MakerOf(value);
  EXPECT_EQ(node.op_type(), type) << value;
  return node.input_size() > 0 ? node.input(0) : "";
}

// By the layer's own words, from its output backwards.
void ExpectLayer(const Graph& graph, const ConvSpec& layer, std::string value,
                 const std::vector<std::string>& names) {
  const auto name_of = [&](int i) {
    return i == ConvSpec::kPicture ? "picture" : names[i];
  };
  if (layer.pooled) {
    const onnx::NodeProto pool = graph.MakerOf(value);
    EXPECT_THAT(Ints(pool, "kernel_shape"), ElementsAre(3, 3));
    EXPECT_THAT(Ints(pool, "strides"), ElementsAre(2, 2));
    ASSERT_EQ(pool.attribute(0).name(), "ceil_mode");
    EXPECT_EQ(pool.attribute(0).i(), 1);
    value = Before(graph, value, "MaxPool");
  }
  if (layer.params.relu) value = Before(graph, value, "Relu");
  if (layer.residual != ConvSpec::kNone) {
    const onnx::NodeProto sum = graph.MakerOf(value);
    ASSERT_EQ(sum.input_size(), 2) << value;
    EXPECT_EQ(sum.input(1), name_of(layer.residual));
    value = Before(graph, value, "Add");
  }
  EXPECT_EQ(Before(graph, value, "Conv"), name_of(layer.source));
  const onnx::NodeProto conv = graph.MakerOf(value);
  const int64_t k = layer.kernel, s = layer.params.stride, p = layer.params.pad,
                d = layer.params.dilation;
  EXPECT_THAT(conv.input(), ElementsAre(name_of(layer.source),
                                        layer.name + "/W", layer.name + "/b"));
  EXPECT_THAT(Ints(conv, "kernel_shape"), ElementsAre(k, k));
  EXPECT_THAT(Ints(conv, "strides"), ElementsAre(s, s));
  EXPECT_THAT(Ints(conv, "pads"), ElementsAre(p, p, p, p));
  EXPECT_THAT(Ints(conv, "dilations"), ElementsAre(d, d));
}

void ExpectWeights(const Graph& graph, const ConvSpec& layer,
                   const Weights& weights) {
  const Tensor& kernel = weights.tensors.at(layer.name + "/W");
  if (layer.norm.empty()) {
    graph.ExpectInitializer(layer.name + "/W", kernel);
    graph.ExpectInitializer(layer.name + "/b",
                            weights.tensors.at(layer.name + "/b"));
    return;
  }
  const auto folded =
      FoldBatchNorm(weights, kernel, layer.norm, layer.norm_eps);
  ASSERT_TRUE(folded.ok()) << folded.status();
  graph.ExpectInitializer(layer.name + "/W", folded->weight);
  graph.ExpectInitializer(layer.name + "/b", folded->bias);
}

void ExpectTopology(const onnx::ModelProto& model, const Topology& topology,
                    const Weights& weights) {
  const std::vector<std::string> outputs = {"rpn_scores", "rpn_deltas",
                                            "score_maps", "box_maps"};
  std::vector<std::string> names;
  for (const ConvSpec& layer : topology.layers) names.push_back(layer.name);
  ASSERT_EQ(model.graph().output_size(), topology.outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    names[topology.outputs[i]] = outputs[i];
    const onnx::ValueInfoProto& value = model.graph().output(i);
    EXPECT_EQ(value.name(), outputs[i]);
    EXPECT_EQ(value.type().tensor_type().shape().dim(1).dim_value(),
              topology.layers[topology.outputs[i]].out);
  }
  const Graph graph(model.graph());
  int nodes = 0;
  for (size_t i = 0; i < topology.layers.size(); ++i) {
    const ConvSpec& layer = topology.layers[i];
    SCOPED_TRACE(layer.name);
    ExpectLayer(graph, layer, names[i], names);
    ExpectWeights(graph, layer, weights);
    nodes += 1 + layer.pooled + layer.params.relu +
             (layer.residual != ConvSpec::kNone);
  }
  EXPECT_EQ(model.graph().node_size(), nodes);
  EXPECT_EQ(graph.num_initializers(), 2 * topology.layers.size());
}

void ExpectOrdered(const onnx::GraphProto& graph) {
  std::set<std::string> known = {graph.input(0).name()};
  for (const auto& initializer : graph.initializer()) {
    known.insert(initializer.name());
  }
  for (const onnx::NodeProto& node : graph.node()) {
    for (const std::string& input : node.input()) {
      EXPECT_EQ(known.count(input), 1u) << node.name() << " reads " << input;
    }
    known.insert(node.output(0));
  }
}

TEST(ExportOnnxTest, TheFileHoldsTheTopology) {
  const Weights weights = Mini();
  const std::string path = ::testing::TempDir() + "/mini.onnx";
  ASSERT_TRUE(ExportOnnx(path, weights).ok());
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(*ReadFile(path)));
  EXPECT_EQ(model.ir_version(), 7);
  ASSERT_EQ(model.opset_import_size(), 1);
  EXPECT_EQ(model.opset_import(0).version(), kOnnxOpset);
  ExpectTopology(model, TopologyOf(weights.config), weights);
  ExpectOrdered(model.graph());
  ASSERT_EQ(model.metadata_props_size(), 1);
  EXPECT_EQ(model.metadata_props(0).key(), kModelConfigKey);
  const auto config = ParseConfig(model.metadata_props(0).value(), "metadata");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->DebugString(), weights.config.DebugString());
  // It is known for what it is.
  EXPECT_THAT(std::string(LoadWeights(path).status().message()),
              HasSubstr("an ONNX model"));
}

TEST(ExportOnnxTest, ExtentsOfThePictureAreOpen) {
  const auto model = OnnxModelOf(TopologyOf(Mini().config), Mini());
  ASSERT_TRUE(model.ok()) << model.status();
  const auto& shape = model->graph().input(0).type().tensor_type().shape();
  ASSERT_EQ(shape.dim_size(), 4);
  EXPECT_EQ(shape.dim(0).dim_param(), "batch");
  EXPECT_EQ(shape.dim(1).dim_value(), 3);
  EXPECT_EQ(shape.dim(2).dim_param(), "height");
  EXPECT_EQ(shape.dim(3).dim_param(), "width");
}

// Another list of layers is another graph.
TEST(ExportOnnxTest, ALayerMoreIsExported) {
  Weights weights = Mini();
  Topology topology = TopologyOf(weights.config);
  ConvSpec more = topology.layers[topology.outputs[kBoxMaps]];
  more.name = "head/more";
  more.in = more.out;
  more.kernel = 3;
  more.params.pad = more.params.dilation = 2;
  more.params.relu = true;
  more.source = more.residual = topology.outputs[kBoxMaps];
  topology.outputs[kBoxMaps] = topology.layers.size();
  topology.layers.push_back(more);
  weights.tensors["head/more/W"] =
      DeterministicTensor("head/more/W", {more.out, more.in, 3, 3}, 1);
  weights.tensors["head/more/b"] =
      DeterministicTensor("head/more/b", {more.out}, 1);
  const auto model = OnnxModelOf(topology, weights);
  ASSERT_TRUE(model.ok()) << model.status();
  ExpectTopology(*model, topology, weights);
  ExpectOrdered(model->graph());
}

TEST(ExportOnnxTest, ANormThatIsNoneIsAnError) {
  Weights weights = Mini();
  Tensor& var = weights.tensors["extractor/res1/bn1/avg_var"];
  var = var.Clone();
  var.mutable_data<float>()[0] = -1;
  const std::string path = ::testing::TempDir() + "/bad.onnx";
  EXPECT_THAT(std::string(ExportOnnx(path, weights).message()),
              HasSubstr("extractor/res1/bn1/avg_var"));
  EXPECT_FALSE(ReadFile(path).ok());
}

}  // namespace
}  // namespace fcis::model
