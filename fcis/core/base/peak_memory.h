#ifndef FCIS_CORE_BASE_PEAK_MEMORY_H_
#define FCIS_CORE_BASE_PEAK_MEMORY_H_

#include <sys/resource.h>

#include <cstdint>

namespace fcis {

// The most memory, in bytes, that this process has had resident until now.
inline int64_t PeakResidentBytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} << 10;
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_PEAK_MEMORY_H_
