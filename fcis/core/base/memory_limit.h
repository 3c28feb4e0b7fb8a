// How much memory this process may have, so that what cannot fit is said before
// it is begun.
#ifndef FCIS_CORE_BASE_MEMORY_LIMIT_H_
#define FCIS_CORE_BASE_MEMORY_LIMIT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis {

struct MemoryLeft {
  int64_t bytes = 0;  // that this process can still take, at most
  std::string limit;  // that leaves them: "ulimit -v (2048 MiB)"
};

// What the tightest limit leaves: `ulimit -v`, which counts addresses; the
// memory of a control group (memory.max, in version 1 memory.limit_in_bytes)
// and of the machine, swap included, each shared by the processes that mpiexec
// started here. What others take is not subtracted, as they may end. `root`: as
// of FindControlGroups.
MemoryLeft FindMemoryLeft(const std::string& root = "");

// For the beginning of a program, before its threads: malloc reserves 64 MiB of
// addresses for each thread's own heap, and as much more for a moment, which
// may be the one in which another thread needs them. Where addresses are
// limited (`ulimit -v`), all threads have one heap.
void UseFewAddresses();

// "310 MiB".
std::string MemoryText(int64_t bytes);

// ResourceExhausted where so many bytes more surely cannot be had: "not enough
// memory: <what>, and ulimit -v (400 MiB) leaves 200 MiB<advice>".
absl::Status CheckMemory(int64_t bytes, const MemoryLeft& left,
                         absl::string_view what, absl::string_view advice = "");

}  // namespace fcis

#endif  // FCIS_CORE_BASE_MEMORY_LIMIT_H_
