// A node of a cuDNN graph: a backend descriptor that keeps the first error of
// what is set, so that a graph is written without a check per line.
#ifndef FCIS_KERNELS_CUDA_CUDNN_GRAPH_H_
#define FCIS_KERNELS_CUDA_CUDNN_GRAPH_H_

#include <cudnn.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fcis::kernels {
namespace cuda {

class GraphNode {
 public:
  explicit GraphNode(cudnnBackendDescriptorType_t type);
  ~GraphNode();
  GraphNode(GraphNode&& other) noexcept;
  GraphNode(const GraphNode&) = delete;
  GraphNode& operator=(const GraphNode&) = delete;

  cudnnBackendDescriptor_t get() const { return node_; }

  GraphNode& Set(cudnnBackendAttributeName_t name,
                 cudnnBackendAttributeType_t type, int64_t count,
                 const void* values);
  GraphNode& SetType(cudnnBackendAttributeName_t name, cudnnDataType_t type) {
    return Set(name, CUDNN_TYPE_DATA_TYPE, 1, &type);
  }
  GraphNode& SetBool(cudnnBackendAttributeName_t name, bool value) {
    return Set(name, CUDNN_TYPE_BOOLEAN, 1, &value);
  }
  GraphNode& SetFloat(cudnnBackendAttributeName_t name, float value) {
    return Set(name, CUDNN_TYPE_FLOAT, 1, &value);
  }
  GraphNode& SetInts(cudnnBackendAttributeName_t name,
                     absl::Span<const int64_t> values) {
    return Set(name, CUDNN_TYPE_INT64, values.size(), values.data());
  }
  GraphNode& SetNode(cudnnBackendAttributeName_t name, const GraphNode& node) {
    return Set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &node.node_);
  }
  // No attribute can be set afterwards. Errors: the first one of all, with
  // `what` the node is.
  absl::Status Finalize(absl::string_view what);

 private:
  void Keep(cudnnStatus_t status);

  cudnnBackendDescriptor_t node_ = nullptr;
  cudnnStatus_t status_ = CUDNN_STATUS_SUCCESS;
};

// A tensor of a graph. extents, strides: in elements, N,C,H,W. What is virtual
// is never in memory. Memory is 16-byte aligned.
struct GraphTensor {
  int64_t id;
  cudnnDataType_t type;
  std::vector<int64_t> extents, strides;
  bool is_virtual = false;
};
GraphNode MakeGraphTensor(const GraphTensor& tensor);

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDNN_GRAPH_H_
