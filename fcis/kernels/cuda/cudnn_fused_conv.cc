#include "fcis/kernels/cuda/cudnn_fused_conv.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/cudnn_legacy_conv.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis {
namespace cuda {
namespace {

enum Id : int64_t { kX = 1, kW, kBias, kResidual, kY, kFirstVirtual };

cudnnDataType_t TypeOf(DType type) {
  return type == DType::kBF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

// A map N,H,W,C.
GraphTensor Map(int64_t id, const Shape& s, DType type) {
  const int64_t h = s.dim(1), w = s.dim(2), c = s.dim(3);
  return {id, TypeOf(type), {s.dim(0), c, h, w}, {h * w * c, 1, w * c, c}};
}

// Collects nodes; the first error stays.
class GraphBuilder {
 public:
  GraphBuilder(const ConvProblem& problem, DType output)
      : problem_(problem), output_(output) {}

  // The sums, virtual; index of the node.
  size_t Convolve() {
    const Shape& w = problem_.weight;
    const int64_t in = w.dim(1), kh = w.dim(2), kw = w.dim(3);
    const size_t x = Add(Map(kX, problem_.x, DType::kBF16));
    const size_t weight = Add({kW,
                               CUDNN_DATA_BFLOAT16,
                               {w.dim(0), in, kh, kw},
                               {kh * kw * in, 1, kw * in, in}});
    const size_t y = AddVirtual();
    const ConvParams& p = problem_.params;
    GraphNode conv(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    conv.SetType(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
        .Set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1,
             &mode)
        .SetInts(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, {2})
        .SetInts(CUDNN_ATTR_CONVOLUTION_DILATIONS, {p.dilation, p.dilation})
        .SetInts(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {p.stride, p.stride})
        .SetInts(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {p.pad, p.pad})
        .SetInts(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {p.pad, p.pad});
    const size_t desc = Add(std::move(conv), "convolution");
    GraphNode op(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    op.SetNode(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, at(desc))
        .SetNode(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, at(x))
        .SetNode(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, at(weight))
        .SetNode(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, at(y))
        .SetFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1.0f)
        .SetFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0.0f);
    AddOperation(std::move(op), "convolution");
    return y;
  }

  // from + what `added` is; the sum is y for the last of all.
  size_t Plus(size_t from, const GraphTensor& added, bool last) {
    const size_t b = Add(added);
    return Pointwise(CUDNN_POINTWISE_ADD, from, &b, last);
  }
  size_t Relu(size_t from) {
    return Pointwise(CUDNN_POINTWISE_RELU_FWD, from, nullptr, true);
  }

  absl::StatusOr<FusedConvGraph> Finish() {
    RETURN_IF_ERROR(status_);
    return std::move(graph_);
  }

 private:
  size_t Pointwise(cudnnPointwiseMode_t mode, size_t from, const size_t* b,
                   bool last) {
    const size_t to = last ? Add(Map(kY, problem_.y, output_)) : AddVirtual();
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
    return to;
  }

  const GraphNode& at(size_t index) const { return graph_.nodes[index]; }

  size_t Add(const GraphTensor& tensor) {
    return Add(MakeGraphTensor(tensor), absl::StrCat("tensor ", tensor.id));
  }
  size_t AddVirtual() {
    GraphTensor tensor = Map(next_id_++, problem_.y, DType::kF32);
    tensor.is_virtual = true;
    return Add(tensor);
  }
  size_t Add(GraphNode node, absl::string_view what) {
    status_.Update(node.Finalize(what));
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.size() - 1;
  }
  void AddOperation(GraphNode node, absl::string_view what) {
    graph_.operations.push_back(node.get());
    Add(std::move(node), absl::StrCat("operation ", what));
  }

  const ConvProblem& problem_;
  const DType output_;
  int64_t next_id_ = kFirstVirtual;
  FusedConvGraph graph_;
  absl::Status status_;
};

// Whether an engine's results are those of the contract: notes that name
// another sum, other operands or another order every time.
bool Exact(cudnnBackendDescriptor_t config) {
  GraphNode engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t raw = engine.get();
  int64_t count = 0;
  if (cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE,
                               CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count,
                               &raw) != CUDNN_STATUS_SUCCESS) {
    return false;
  }
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  if (cudnnBackendGetAttribute(raw, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                               CUDNN_TYPE_NUMERICAL_NOTE,
                               CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count,
                               notes) != CUDNN_STATUS_SUCCESS) {
    return false;
  }
  return std::all_of(notes, notes + count, [](cudnnBackendNumericalNote_t n) {
    return n == CUDNN_NUMERICAL_NOTE_TENSOR_CORE ||
           n == CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP;
  });
}

struct Plan {
  GraphNode node;
  int64_t workspace;
};

absl::StatusOr<Plan> PlanOf(cudnnHandle_t handle,
                            cudnnBackendDescriptor_t config) {
  Plan plan = {GraphNode(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR), 0};
  plan.node.Set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle)
      .Set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
           CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config);
  RETURN_IF_ERROR(plan.node.Finalize("plan"));
  int64_t count = 0;
  RETURN_IF_ERROR(ToStatus(
      cudnnBackendGetAttribute(plan.node.get(),
                               CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                               CUDNN_TYPE_INT64, 1, &count, &plan.workspace),
      "workspace of a plan"));
  return plan;
}

// The first plan that may be taken of those that a heuristic offers.
absl::StatusOr<Plan> FirstPlan(cudnnHandle_t handle, const GraphNode& graph,
                               cudnnBackendHeurMode_t mode) {
  GraphNode heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.SetNode(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .Set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  RETURN_IF_ERROR(heuristic.Finalize("heuristic"));
  constexpr int64_t kMost = 32;
  std::vector<GraphNode> configs;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < kMost; ++i) {
    configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    raw.push_back(configs.back().get());
  }
  int64_t count = 0;
  RETURN_IF_ERROR(ToStatus(
      cudnnBackendGetAttribute(heuristic.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                               CUDNN_TYPE_BACKEND_DESCRIPTOR, kMost, &count,
                               raw.data()),
      "engines"));
  for (int64_t i = 0; i < std::min(count, kMost); ++i) {
    if (!Exact(raw[i])) continue;
    absl::StatusOr<Plan> plan = PlanOf(handle, raw[i]);
    if (plan.ok() &&
        plan->workspace <= static_cast<int64_t>(kMaxConvWorkspace)) {
      return plan;
    }
  }
  return absl::UnimplementedError("cuDNN has no engine for a fused graph");
}

absl::StatusOr<Plan> BestPlan(cudnnHandle_t handle, const GraphNode& graph) {
  absl::StatusOr<Plan> plan = FirstPlan(handle, graph, CUDNN_HEUR_MODE_A);
  if (plan.ok()) return plan;
  return FirstPlan(handle, graph, CUDNN_HEUR_MODE_FALLBACK);
}

}  // namespace

absl::StatusOr<FusedConvGraph> MakeFusedConvGraph(const ConvProblem& problem,
                                                  DType output, bool residual) {
  const bool relu = problem.params.relu;
  GraphBuilder builder(problem, output);
  size_t sum = builder.Convolve();
  const int64_t out = problem.y.dim(3);
  sum = builder.Plus(
      sum, {kBias, CUDNN_DATA_FLOAT, {1, out, 1, 1}, {out, 1, out, out}},
      !residual && !relu);
  if (residual) {
    sum = builder.Plus(sum, Map(kResidual, problem.y, output), !relu);
  }
  if (relu) builder.Relu(sum);
  return builder.Finish();
}

CudnnFusedConv::CudnnFusedConv(FusedConvGraph graph, GraphNode operations,
                               GraphNode plan, int64_t workspace)
    : graph_(std::move(graph)),
      operations_(std::move(operations)),
      plan_(std::move(plan)),
      workspace_(workspace) {}

absl::StatusOr<std::unique_ptr<CudnnFusedConv>> CudnnFusedConv::Create(
    cudnnHandle_t handle, const ConvProblem& problem, DType output,
    bool residual) {
  ASSIGN_OR_RETURN(FusedConvGraph graph,
                   MakeFusedConvGraph(problem, output, residual));
  GraphNode operations(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  operations
      .Set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle)
      .Set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
           graph.operations.size(), graph.operations.data());
  RETURN_IF_ERROR(operations.Finalize("operation graph"));
  ASSIGN_OR_RETURN(Plan plan, BestPlan(handle, operations));
  return absl::WrapUnique(
      new CudnnFusedConv(std::move(graph), std::move(operations),
                         std::move(plan.node), plan.workspace));
}

absl::Status CudnnFusedConv::Run(cudnnHandle_t handle, CudaExecutor* executor,
                                 const Tensor& x, const Tensor& w,
                                 const Tensor& bias, const Tensor* residual,
                                 Tensor* y) {
  Tensor to = *y;
  if (residual != nullptr && residual->raw() == y->raw()) {
    ASSIGN_OR_RETURN(to, executor->Allocate(y->shape(), y->type()));
  }
  ASSIGN_OR_RETURN(Tensor workspace,
                   executor->Allocate({workspace_}, DType::kU8));
  std::vector<int64_t> ids = {kX, kW, kBias, kY};
  std::vector<const void*> memory = {x.raw(), w.raw(), bias.raw(), to.raw()};
  if (residual != nullptr) {
    ids.push_back(kResidual);
    memory.push_back(residual->raw());
  }
  const void* scratch = workspace.raw();
  GraphNode pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.SetInts(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids)
      .Set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
           memory.size(), memory.data())
      .Set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &scratch);
  RETURN_IF_ERROR(pack.Finalize("variant pack"));
  RETURN_IF_ERROR(ToStatus(cudnnBackendExecute(handle, plan_.get(), pack.get()),
                           "fused convolution"));
  *y = to;
  return absl::OkStatus();
}

}  // namespace cuda
}  // namespace fcis
