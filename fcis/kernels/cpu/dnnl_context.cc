#include "fcis/kernels/cpu/dnnl_context.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace fcis::kernels {

using dnnl::memory;

DnnlContext::DnnlContext()
    : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

Tensor DnnlContext::Allocate(const memory::desc& desc) {
  return Tensor(Shape{static_cast<int64_t>(desc.get_size())}, DType::kU8);
}

memory DnnlContext::View(const memory::desc& desc, const void* data) const {
  return memory(desc, engine_, const_cast<void*>(data));
}

memory DnnlContext::Scratch(const memory::desc& desc) {
  thread_local Tensor scratch;
  const int64_t bytes = desc.get_size();
  if (scratch.num_bytes() < bytes) {
    scratch = Tensor(Shape{bytes}, DType::kU8);
  }
  return View(desc, scratch.raw());
}

void DnnlContext::Reorder(const memory::desc& from, const void* x,
                          const memory::desc& to, void* y) {
  memory source = View(from, x), target = View(to, y);
  dnnl::reorder(source, target).execute(stream_, source, target);
  stream_.wait();
}

absl::Status DnnlGuard(const std::function<std::string()>& what,
                       const std::function<void()>& body) {
  try {
    body();
  } catch (const dnnl::error& e) {
    return absl::InternalError(
        absl::StrCat("oneDNN: ", e.what(), " (", what(), ")"));
  }
  return absl::OkStatus();
}

}  // namespace fcis::kernels
