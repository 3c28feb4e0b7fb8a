#include "fcis/kernels/cpu/dnnl_context.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/kernels/cpu/dnnl_api.h"

namespace fcis::kernels {
namespace {

// Whether as much memory can still be had as oneDNN takes for code and the
// first call for a thread's stack, where the process may have so much only:
// oneDNN 2.6 writes its code to where none is.
bool HasRoom() {
  constexpr size_t kRoom = size_t{32} << 20;
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return true;
  }
  void* const room = mmap(nullptr, kRoom, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return room != MAP_FAILED && munmap(room, kRoom) == 0;
}

}  // namespace

using dnnl::memory;

DnnlContext::DnnlContext()
    : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
  // Who plans convolutions keeps the plans. oneDNN, which keeps 1024 by itself,
  // would keep those that were let go of; what is left is for the primitives
  // that are made anew for each call (Reorder).
  constexpr int kCapacity = 64;
  dnnl::set_primitive_cache_capacity(kCapacity);
}

Tensor DnnlContext::Allocate(const memory::desc& desc) {
  return Tensor(Shape{static_cast<int64_t>(desc.get_size())}, DType::kU8);
}

memory DnnlContext::View(const memory::desc& desc, const void* data) const {
  return memory(desc, engine_, const_cast<void*>(data));
}

memory DnnlContext::Scratch(const memory::desc& desc) {
  return View(desc, ScratchData(desc));
}

void* DnnlContext::ScratchData(const memory::desc& desc) {
  thread_local Tensor scratch;
  const int64_t bytes = desc.get_size();
  if (scratch.num_bytes() < bytes) {
    scratch = Tensor(Shape{bytes}, DType::kU8);
  }
  return scratch.mutable_raw();
}

void DnnlContext::Reorder(const memory::desc& from, const void* x,
                          const memory::desc& to, void* y) {
  memory source = View(from, x), target = View(to, y);
  dnnl::reorder(source, target).execute(stream_, source, target);
  stream_.wait();
}

DnnlCalls::Call DnnlCalls::Take(const std::shared_ptr<const void>& plan) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    if (it->plan != plan) continue;
    Call call = std::move(*it);
    idle_.erase(it);
    return call;
  }
  return {plan, {}};
}

void DnnlCalls::GiveBack(Call call) {
  constexpr size_t kMostIdle = 8;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.size() >= kMostIdle) idle_.erase(idle_.begin());
  idle_.push_back(std::move(call));
}

void DnnlCalls::Run(const std::shared_ptr<const void>& plan,
                    const dnnl::primitive& primitive,
                    absl::Span<const Argument> arguments,
                    DnnlContext* context) {
  Call call = Take(plan);
  dnnl_exec_arg_t list[kMostArguments];
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument& a = arguments[i];
    if (i == call.memories.size()) {
      call.memories.push_back(context->View(a.desc, a.data));
    } else if (call.memories[i].get_data_handle() != a.data) {
      SetData(call.memories[i], a.data, context->stream());
    }
    list[i] = {a.id, call.memories[i].get()};
  }
  dnnl::error::wrap_c_api(
      dnnl_primitive_execute(primitive.get(), context->stream().get(),
                             static_cast<int>(arguments.size()), list),
      "could not execute a primitive");
  context->stream().wait();
  GiveBack(std::move(call));
}

absl::Status DnnlGuard(absl::FunctionRef<std::string()> what,
                       absl::FunctionRef<void()> body) {
  if (!HasRoom()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the limit of this process's memory (ulimit -v) leaves too little for ",
        what()));
  }
  try {
    body();
  } catch (const dnnl::error& e) {
    return absl::InternalError(
        absl::StrCat("oneDNN: ", e.what(), " (", what(), ")"));
  }
  return absl::OkStatus();
}

}  // namespace fcis::kernels
