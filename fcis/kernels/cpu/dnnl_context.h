// What all oneDNN primitives of a backend share.
#ifndef FCIS_KERNELS_CPU_DNNL_CONTEXT_H_
#define FCIS_KERNELS_CPU_DNNL_CONTEXT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "dnnl.hpp"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

// Engine, stream and scratch memory. Thread-safe: oneDNN's streams on a CPU
// have no state, and scratch memory is a thread's own.
class DnnlContext {
 public:
  DnnlContext();

  const dnnl::engine& engine() const { return engine_; }
  dnnl::stream& stream() { return stream_; }

  // Memory for a tensor of layout `desc`.
  static Tensor Allocate(const dnnl::memory::desc& desc);
  dnnl::memory View(const dnnl::memory::desc& desc, const void* data) const;
  // Until this thread's next call of any context's.
  dnnl::memory Scratch(const dnnl::memory::desc& desc);
  // From one layout or type to another.
  void Reorder(const dnnl::memory::desc& from, const void* x,
               const dnnl::memory::desc& to, void* y);

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
};

// Runs `body`; oneDNN's exceptions become errors that name the work.
absl::Status DnnlGuard(const std::function<std::string()>& what,
                       const std::function<void()>& body);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_CONTEXT_H_
