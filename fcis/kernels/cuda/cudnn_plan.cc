#include "fcis/kernels/cuda/cudnn_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {
namespace {

// Whether an engine's results are those of the contract: no note names another
// sum, other operands or, unless they may, tensor cores or another order every
// time.
bool Exact(cudnnBackendDescriptor_t config, bool tensor_cores, bool may_vary) {
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
  return std::all_of(notes, notes + count, [&](cudnnBackendNumericalNote_t n) {
    return (tensor_cores && n == CUDNN_NUMERICAL_NOTE_TENSOR_CORE) ||
           n == CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP ||
           (may_vary && n == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
  });
}

struct Plan {
  GraphNode node;
  int64_t workspace;
};

absl::StatusOr<Plan> PlanOf(const PlanTarget& target,
                            cudnnBackendDescriptor_t config,
                            const GraphNode* kernels) {
  Plan plan = {GraphNode(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR), 0};
  plan.node.Set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config);
  if (target.properties != nullptr) {
    plan.node.SetNode(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
  } else {
    plan.node.Set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1,
                  &target.handle);
  }
  if (kernels != nullptr) {
    plan.node.SetNode(CUDNN_ATTR_EXECUTION_PLAN_KERNEL_CACHE, *kernels);
  }
  RETURN_IF_ERROR(plan.node.Finalize("plan"));
  int64_t count = 0;
  RETURN_IF_ERROR(ToStatus(
      cudnnBackendGetAttribute(plan.node.get(),
                               CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                               CUDNN_TYPE_INT64, 1, &count, &plan.workspace),
      "workspace of a plan"));
  return plan;
}

// Engines with their settings, the one that a heuristic expects to be fastest
// first.
absl::StatusOr<std::vector<GraphNode>> ConfigsOf(const PlanTarget& target,
                                                 const GraphNode& graph,
                                                 cudnnBackendHeurMode_t mode) {
  GraphNode heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.SetNode(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .Set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (target.properties != nullptr) {
    heuristic.SetNode(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
  }
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
  while (static_cast<int64_t>(configs.size()) > count) configs.pop_back();
  return configs;
}

absl::StatusOr<Plan> BestPlan(const PlanTarget& target, const GraphNode& graph,
                              const PlanChoice& choice) {
  const GraphNode* const kernels =
      choice.kernels == nullptr ? nullptr : choice.kernels->get();
  std::vector<std::vector<GraphNode>> ranked;
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    auto configs = ConfigsOf(target, graph, mode);
    if (configs.ok()) ranked.push_back(*std::move(configs));
  }
  for (const bool may_vary : {false, true}) {
    if (may_vary && choice.fixed_order) break;
    for (const std::vector<GraphNode>& configs : ranked) {
      for (const GraphNode& config : configs) {
        if (!Exact(config.get(), choice.tensor_cores, may_vary)) continue;
        absl::StatusOr<Plan> plan = PlanOf(target, config.get(), kernels);
        if (plan.ok() && plan->workspace <= kMaxConvWorkspace) return plan;
      }
    }
  }
  return absl::UnimplementedError("cuDNN has no engine for a graph");
}

// any_size: kernels are to serve other sizes of the graph's tensors, too.
absl::StatusOr<GraphNode> OperationsOf(const PlanTarget& target,
                                       const ConvGraph& graph, bool any_size) {
  GraphNode operations(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  operations.Set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                 graph.operations.size(), graph.operations.data());
  if (any_size) {
    operations.SetBool(CUDNN_ATTR_OPERATIONGRAPH_IS_DYNAMIC_SHAPE_ENABLED,
                       true);
  }
  if (target.handle != nullptr) {
    operations.Set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1,
                   &target.handle);
  }
  RETURN_IF_ERROR(operations.Finalize("operation graph"));
  return operations;
}

absl::Status StartCache(const GraphNode& operations, KernelCache* kernels) {
  if (*kernels != nullptr) return absl::OkStatus();
  auto cache =
      absl::make_unique<GraphNode>(CUDNN_BACKEND_KERNEL_CACHE_DESCRIPTOR);
  cache->SetNode(CUDNN_ATTR_KERNEL_CACHE_OPERATION_GRAPH, operations);
  RETURN_IF_ERROR(cache->Finalize("kernel cache"));
  *kernels = std::move(cache);
  return absl::OkStatus();
}

}  // namespace

CudnnPlan::CudnnPlan(ConvGraph graph, GraphNode operations, GraphNode plan,
                     int64_t workspace)
    : graph_(std::move(graph)),
      operations_(std::move(operations)),
      plan_(std::move(plan)),
      workspace_(workspace) {}

absl::StatusOr<std::unique_ptr<CudnnPlan>> CudnnPlan::Create(
    const PlanTarget& target, ConvGraph graph, const PlanChoice& choice) {
  const bool any_size = choice.kernels != nullptr;
  ASSIGN_OR_RETURN(GraphNode operations, OperationsOf(target, graph, any_size));
  if (any_size) RETURN_IF_ERROR(StartCache(operations, choice.kernels));
  ASSIGN_OR_RETURN(Plan plan, BestPlan(target, operations, choice));
  return absl::WrapUnique(new CudnnPlan(std::move(graph), std::move(operations),
                                        std::move(plan.node), plan.workspace));
}

absl::Status CudnnPlan::Run(cudnnHandle_t handle, CudaDevice* device,
                            absl::Span<const TensorPlace> places) {
  ASSIGN_OR_RETURN(Tensor workspace,
                   device->Allocate({workspace_}, DType::kU8));
  std::vector<int64_t> ids;
  std::vector<const void*> memory;
  for (const TensorPlace& place : places) {
    ids.push_back(place.id);
    memory.push_back(place.memory);
  }
  const void* scratch = workspace.raw();
  GraphNode pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.SetInts(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids)
      .Set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
           memory.size(), memory.data())
      .Set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &scratch);
  RETURN_IF_ERROR(pack.Finalize("variant pack"));
  return ToStatus(cudnnBackendExecute(handle, plan_.get(), pack.get()),
                  "convolution");
}

}  // namespace cuda
}  // namespace fcis::kernels
