// What all oneDNN primitives of a backend share.
#ifndef FCIS_KERNELS_CPU_DNNL_CONTEXT_H_
#define FCIS_KERNELS_CPU_DNNL_CONTEXT_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
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
  void* ScratchData(const dnnl::memory::desc& desc);
  dnnl::memory Scratch(const dnnl::memory::desc& desc);
  // From one layout or type to another.
  void Reorder(const dnnl::memory::desc& from, const void* x,
               const dnnl::memory::desc& to, void* y);

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
};

// Calls of primitives whose arguments' memory objects are made once and pointed
// elsewhere for the next call, as making them takes memory. Thread-safe.
class DnnlCalls {
 public:
  struct Argument {
    int id;  // DNNL_ARG_...
    const dnnl::memory::desc& desc;
    const void* data;
  };
  static constexpr size_t kMostArguments = 6;

  // Runs a primitive that `plan` holds, always with the same arguments but for
  // their data, and waits for it. Throws dnnl::error.
  void Run(const std::shared_ptr<const void>& plan,
           const dnnl::primitive& primitive,
           absl::Span<const Argument> arguments, DnnlContext* context);

 private:
  struct Call {
    std::shared_ptr<const void> plan;
    absl::InlinedVector<dnnl::memory, kMostArguments> memories;
  };
  Call Take(const std::shared_ptr<const void>& plan);
  void GiveBack(Call call);

  std::mutex mutex_;
  std::vector<Call> idle_;  // guarded by mutex_, the longest so first
};

// Runs `body`; oneDNN's exceptions become errors that name the work.
// ResourceExhausted: RLIMIT_AS leaves too little memory to begin.
absl::Status DnnlGuard(absl::FunctionRef<std::string()> what,
                       absl::FunctionRef<void()> body);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_CONTEXT_H_
