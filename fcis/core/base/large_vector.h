// LargeVector is a std::vector for millions of plain elements: on huge pages
// where the system grants them, since fresh pages cost more than what is
// written there, and with resize(n) leaving new numbers unset.
#ifndef FCIS_CORE_BASE_LARGE_VECTOR_H_
#define FCIS_CORE_BASE_LARGE_VECTOR_H_

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "fcis/core/base/huge_pages.h"

namespace fcis {

template <typename T>
class LargeAllocator {
 public:
  using value_type = T;

  LargeAllocator() = default;
  template <typename U>
  LargeAllocator(const LargeAllocator<U>&) {}  // NOLINT: as allocators do

  T* allocate(size_t n) {
    const size_t bytes = n * sizeof(T);
    if (bytes < kHugePage) return static_cast<T*>(::operator new(bytes));
    const size_t rounded = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    void* const memory = AllocateHugePages(rounded);
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t n) {
    if (n * sizeof(T) < kHugePage) {
      ::operator delete(memory);
    } else {
      std::free(memory);
    }
  }

  template <typename U>
  void construct(U* place) {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }

  friend bool operator==(const LargeAllocator&, const LargeAllocator&) {
    return true;
  }
  friend bool operator!=(const LargeAllocator&, const LargeAllocator&) {
    return false;
  }
};

template <typename T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace fcis

#endif  // FCIS_CORE_BASE_LARGE_VECTOR_H_
