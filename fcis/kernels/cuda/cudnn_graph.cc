#include "fcis/kernels/cuda/cudnn_graph.h"

#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

GraphNode::GraphNode(cudnnBackendDescriptorType_t type) {
  Keep(cudnnBackendCreateDescriptor(type, &node_));
}

GraphNode::GraphNode(GraphNode&& other) noexcept
    : node_(other.node_), status_(other.status_) {
  other.node_ = nullptr;
}

GraphNode::~GraphNode() {
  if (node_ != nullptr) cudnnBackendDestroyDescriptor(node_);
}

void GraphNode::Keep(cudnnStatus_t status) {
  if (status_ == CUDNN_STATUS_SUCCESS) status_ = status;
}

GraphNode& GraphNode::Set(cudnnBackendAttributeName_t name,
                          cudnnBackendAttributeType_t type, int64_t count,
                          const void* values) {
  Keep(cudnnBackendSetAttribute(node_, name, type, count, values));
  return *this;
}

absl::Status GraphNode::Finalize(absl::string_view what) {
  if (status_ == CUDNN_STATUS_SUCCESS) Keep(cudnnBackendFinalize(node_));
  return ToStatus(status_, what);
}

GraphNode MakeGraphTensor(const GraphTensor& tensor) {
  GraphNode node(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  node.SetInts(CUDNN_ATTR_TENSOR_UNIQUE_ID, {tensor.id})
      .SetType(CUDNN_ATTR_TENSOR_DATA_TYPE, tensor.type)
      .SetInts(CUDNN_ATTR_TENSOR_DIMENSIONS, tensor.extents)
      .SetInts(CUDNN_ATTR_TENSOR_STRIDES, tensor.strides)
      .SetInts(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, {16})
      .SetBool(CUDNN_ATTR_TENSOR_IS_VIRTUAL, tensor.is_virtual);
  return node;
}

}  // namespace cuda
}  // namespace fcis::kernels
