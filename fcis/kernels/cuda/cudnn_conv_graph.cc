#include "fcis/kernels/cuda/cudnn_conv_graph.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace cuda {
namespace {

cudnnDataType_t TypeOf(DType type) {
  switch (type) {
    case DType::kBF16:
      return CUDNN_DATA_BFLOAT16;
    case DType::kF16:
      return CUDNN_DATA_HALF;
    default:
      return CUDNN_DATA_FLOAT;
  }
}

// A map N,H,W,C.
GraphTensor Map(int64_t id, const Shape& s, DType type) {
  const int64_t h = s.dim(1), w = s.dim(2), c = s.dim(3);
  return {id, TypeOf(type), {s.dim(0), c, h, w}, {h * w * c, 1, w * c, c}};
}

// [out,kh,kw,in] of the shape out, in, kh, kw.
GraphTensor Weight(const Shape& s, DType type) {
  const int64_t in = s.dim(1), kh = s.dim(2), kw = s.dim(3);
  return {
      kW, TypeOf(type), {s.dim(0), in, kh, kw}, {kh * kw * in, 1, kw * in, in}};
}

// Collects nodes, which it names by their index; the first error stays.
class GraphBuilder {
 public:
  size_t Add(const GraphTensor& tensor) {
    return Add(MakeGraphTensor(tensor), absl::StrCat("tensor ", tensor.id));
  }

  // The same in f32, and never in memory.
  size_t AddVirtual(GraphTensor tensor) {
    tensor.id = next_id_++;
    tensor.type = CUDNN_DATA_FLOAT;
    tensor.is_virtual = true;
    return Add(tensor);
  }

  // What the operations of all directions share.
  size_t AddConvolution(const ConvParams& p) {
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    GraphNode conv(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    conv.SetType(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
        .Set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1,
             &mode)
        .SetInts(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, {2})
        .SetInts(CUDNN_ATTR_CONVOLUTION_DILATIONS, {p.dilation, p.dilation})
        .SetInts(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {p.stride, p.stride})
        .SetInts(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {p.pad, p.pad})
        .SetInts(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {p.pad, p.pad});
    return Add(std::move(conv), "convolution");
  }

  // to = from + b, or a function of `from` alone for no b.
  void AddPointwise(cudnnPointwiseMode_t mode, size_t from, const size_t* b,
                    size_t to) {
    GraphNode pointwise(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    pointwise
        .Set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode)
        .SetType(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    const size_t desc = Add(std::move(pointwise), "pointwise");
    GraphNode op(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    op.SetNode(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, at(desc))
        .SetNode(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(from))
        .SetNode(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, at(to));
    if (b != nullptr) op.SetNode(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, at(*b));
    AddOperation(std::move(op), "pointwise");
  }

  void AddOperation(GraphNode node, absl::string_view what) {
    graph_.operations.push_back(node.get());
    Add(std::move(node), absl::StrCat("operation ", what));
  }

  const GraphNode& at(size_t index) const { return graph_.nodes[index]; }

  absl::StatusOr<ConvGraph> Finish() {
    RETURN_IF_ERROR(status_);
    return std::move(graph_);
  }

 private:
  size_t Add(GraphNode node, absl::string_view what) {
    status_.Update(node.Finalize(what));
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.size() - 1;
  }

  int64_t next_id_ = kY + 1;
  ConvGraph graph_;
  absl::Status status_;
};

// The names cuDNN has for one convolution's three directions.
struct Direction {
  absl::string_view what;
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t conv, x, w, y, alpha, beta;
};

constexpr Direction kForward = {
    "convolution",
    CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};

constexpr Direction kGradientOfX = {
    "gradient of x",
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};

constexpr Direction kGradientOfWeight = {
    "gradient of the weight",
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

// Adds the convolution in this direction; y is the index of its tensor.
void AddConvolution(const ConvProblem& problem, const Direction& d, size_t y,
                    GraphBuilder* graph) {
  const size_t conv = graph->AddConvolution(problem.params);
  const size_t x = graph->Add(Map(kX, problem.x, problem.held));
  const size_t w = graph->Add(Weight(problem.weight, problem.held));
  GraphNode op(d.operation);
  op.SetNode(d.conv, graph->at(conv))
      .SetNode(d.x, graph->at(x))
      .SetNode(d.w, graph->at(w))
      .SetNode(d.y, graph->at(y))
      .SetFloat(d.alpha, 1.0f)
      .SetFloat(d.beta, 0.0f);
  graph->AddOperation(std::move(op), d.what);
}

}  // namespace

absl::StatusOr<ConvGraph> MakeFusedConvGraph(const ConvProblem& problem,
                                             DType output, bool residual) {
  GraphBuilder graph;
  const bool relu = problem.params.relu;
  size_t sum = graph.AddVirtual(Map(kY, problem.y, DType::kF32));
  AddConvolution(problem, kForward, sum, &graph);
  // The last step's result is y.
  const auto step = [&](cudnnPointwiseMode_t mode, const size_t* b, bool last) {
    const GraphTensor y = Map(kY, problem.y, output);
    const size_t to = last ? graph.Add(y) : graph.AddVirtual(y);
    graph.AddPointwise(mode, sum, b, to);
    sum = to;
  };
  const int64_t out = problem.y.dim(3);
  const size_t bias =
      graph.Add({kBias, CUDNN_DATA_FLOAT, {1, out, 1, 1}, {out, 1, out, out}});
  step(CUDNN_POINTWISE_ADD, &bias, !residual && !relu);
  if (residual) {
    const size_t added = graph.Add(Map(kResidual, problem.y, output));
    step(CUDNN_POINTWISE_ADD, &added, !relu);
  }
  if (relu) step(CUDNN_POINTWISE_RELU_FWD, nullptr, true);
  return graph.Finish();
}

absl::StatusOr<ConvGraph> MakeGradientGraph(const ConvProblem& problem,
                                            ConvTensorId of) {
  GraphBuilder graph;
  const size_t gy = graph.Add(Map(kY, problem.y, problem.held));
  AddConvolution(problem, of == kX ? kGradientOfX : kGradientOfWeight, gy,
                 &graph);
  return graph.Finish();
}

}  // namespace cuda
}  // namespace fcis::kernels
