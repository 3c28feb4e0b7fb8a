#include "fcis/model/onnx/export_onnx.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/model/fold_batch_norm.h"
#include "fcis/model/weights/load.h"
#include "google/protobuf/text_format.h"

namespace fcis::model {
namespace {

// Of the format, the one that came with opset 13.
constexpr int kIrVersion = 7;
constexpr char kPictureName[] = "picture";
// In the order of NetworkOutput.
constexpr const char* kOutputNames[] = {"rpn_scores", "rpn_deltas",
                                        "score_maps", "box_maps"};
static_assert(sizeof(kOutputNames) / sizeof(*kOutputNames) == kNetworkOutputs,
              "each output has a name");

void AddInt(absl::string_view name, int64_t value, onnx::NodeProto* node) {
  onnx::AttributeProto& attribute = *node->add_attribute();
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

void AddInts(absl::string_view name, std::initializer_list<int64_t> values,
             onnx::NodeProto* node) {
  onnx::AttributeProto& attribute = *node->add_attribute();
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
}

void AddInitializer(const std::string& name, const Tensor& tensor,
                    onnx::GraphProto* graph) {
  onnx::TensorProto& initializer = *graph->add_initializer();
  initializer.set_name(name);
  initializer.set_data_type(onnx::TensorProto::FLOAT);
  for (int d = 0; d < tensor.shape().rank(); ++d) {
    initializer.add_dims(tensor.dim(d));
  }
  initializer.set_raw_data(tensor.raw(),
                           static_cast<size_t>(tensor.num_bytes()));
}

void AddValue(const std::string& name, int64_t channels,
              absl::string_view height, absl::string_view width,
              onnx::ValueInfoProto* value) {
  value->set_name(name);
  auto& type = *value->mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  onnx::TensorShapeProto& shape = *type.mutable_shape();
  shape.add_dim()->set_dim_param("batch");
  shape.add_dim()->set_dim_value(channels);
  shape.add_dim()->set_dim_param(std::string(height));
  shape.add_dim()->set_dim_param(std::string(width));
}

class Writer {
 public:
  Writer(const Topology& topology, const Weights& weights)
      : topology_(topology), weights_(weights) {
    for (const ConvSpec& layer : topology.layers) names_.push_back(layer.name);
    for (size_t i = 0; i < topology.outputs.size(); ++i) {
      names_[static_cast<size_t>(topology.outputs[i])] = kOutputNames[i];
    }
  }

  absl::StatusOr<onnx::ModelProto> Write() {
    onnx::ModelProto model;
    model.set_ir_version(kIrVersion);
    model.set_producer_name("fcis");
    model.add_opset_import()->set_version(kOnnxOpset);
    graph_ = model.mutable_graph();
    graph_->set_name("fcis");
    AddValue(kPictureName, topology_.layers[0].in, "height", "width",
             graph_->add_input());
    for (size_t i = 0; i < topology_.layers.size(); ++i) {
      RETURN_IF_ERROR(AddLayer(topology_.layers[i], names_[i]));
    }
    for (const int output : topology_.outputs) {
      const auto i = static_cast<size_t>(output);
      AddValue(names_[i], topology_.layers[i].out, "rows", "columns",
               graph_->add_output());
    }
    return model;
  }

 private:
  std::string NameOf(int layer) const {
    return layer == ConvSpec::kPicture ? kPictureName
                                       : names_[static_cast<size_t>(layer)];
  }

  // Its output is the last one's of the layer until another follows.
  onnx::NodeProto* AddNode(const std::string& name, absl::string_view type,
                           const std::vector<std::string>& inputs) {
    onnx::NodeProto* const node = graph_->add_node();
    node->set_name(name);
    node->set_op_type(std::string(type));
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(name);
    return node;
  }

  absl::StatusOr<FoldedConv> Folded(const ConvSpec& layer) const {
    const Tensor& kernel = weights_.tensors.at(layer.name + "/W");
    if (layer.norm.empty()) {
      return FoldedConv{kernel, weights_.tensors.at(layer.name + "/b")};
    }
    return FoldBatchNorm(weights_, kernel, layer.norm, layer.norm_eps);
  }

  onnx::NodeProto* AddConv(const ConvSpec& layer) {
    onnx::NodeProto* const node =
        AddNode(layer.name + "/conv", "Conv",
                {NameOf(layer.source), layer.name + "/W", layer.name + "/b"});
    const int64_t dilation = layer.params.dilation, pad = layer.params.pad,
                  stride = layer.params.stride;
    AddInts("dilations", {dilation, dilation}, node);
    AddInts("kernel_shape", {layer.kernel, layer.kernel}, node);
    AddInts("pads", {pad, pad, pad, pad}, node);
    AddInts("strides", {stride, stride}, node);
    return node;
  }

  onnx::NodeProto* AddMaxPool(const ConvSpec& layer, const std::string& input) {
    const kernels::MaxPoolParams pool;
    onnx::NodeProto* const node =
        AddNode(layer.name + "/max_pool", "MaxPool", {input});
    // A window that the far border cuts off counts.
    AddInt("ceil_mode", 1, node);
    AddInts("kernel_shape", {pool.kernel, pool.kernel}, node);
    AddInts("strides", {pool.stride, pool.stride}, node);
    return node;
  }

  absl::Status AddLayer(const ConvSpec& layer, const std::string& output) {
    ASSIGN_OR_RETURN(const FoldedConv folded, Folded(layer));
    AddInitializer(layer.name + "/W", folded.weight, graph_);
    AddInitializer(layer.name + "/b", folded.bias, graph_);
    onnx::NodeProto* last = AddConv(layer);
    if (layer.residual != ConvSpec::kNone) {
      last = AddNode(layer.name + "/add", "Add",
                     {last->output(0), NameOf(layer.residual)});
    }
    if (layer.params.relu) {
      last = AddNode(layer.name + "/relu", "Relu", {last->output(0)});
    }
    if (layer.pooled) last = AddMaxPool(layer, last->output(0));
    last->set_output(0, output);
    return absl::OkStatus();
  }

  const Topology& topology_;
  const Weights& weights_;
  std::vector<std::string> names_;  // of the layers' outputs
  onnx::GraphProto* graph_ = nullptr;
};

}  // namespace

absl::StatusOr<onnx::ModelProto> OnnxModelOf(const Topology& topology,
                                             const Weights& weights) {
  return Writer(topology, weights).Write();
}

absl::Status ExportOnnx(const std::string& path, const Weights& weights) {
  ASSIGN_OR_RETURN(onnx::ModelProto model,
                   OnnxModelOf(TopologyOf(weights.config), weights));
  model.set_doc_string(
      "FCIS up to its score maps; the picture is R, G, B less input.mean of "
      "the metadata's fcis.config");
  onnx::StringStringEntryProto& config = *model.add_metadata_props();
  config.set_key(kModelConfigKey);
  google::protobuf::TextFormat::PrintToString(weights.config,
                                              config.mutable_value());
  if (model.ByteSizeLong() > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the model has ", model.ByteSizeLong(),
                     " bytes, expected 2 GB at most, which one ONNX file "
                     "holds"));
  }
  return WriteFileAtomic(path, model.SerializeAsString());
}

}  // namespace fcis::model
