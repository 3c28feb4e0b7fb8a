// Memory on huge pages, where the system grants them: fresh small pages cost
// more than what is written there.
#ifndef FCIS_CORE_BASE_HUGE_PAGES_H_
#define FCIS_CORE_BASE_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

namespace fcis {

inline constexpr size_t kHugePage = size_t{2} << 20;

// bytes: a multiple of kHugePage, > 0. For std::free; null: there is no memory.
inline void* AllocateHugePages(size_t bytes) {
  void* const memory = std::aligned_alloc(kHugePage, bytes);
  if (memory != nullptr) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_HUGE_PAGES_H_
