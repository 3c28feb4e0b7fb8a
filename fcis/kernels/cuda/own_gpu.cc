#include "fcis/kernels/cuda/own_gpu.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace cuda {

absl::Status CheckOwnGpu(Communicator* job, const GpuId& gpu) {
  // Each process adds its bytes where all others have zeros.
  std::vector<double> bytes(job->size() * gpu.size());
  for (size_t k = 0; k < gpu.size(); ++k) {
    bytes[job->rank() * gpu.size() + k] = gpu[k];
  }
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(bytes)));
  std::vector<GpuId> by_rank(job->size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    by_rank[i / gpu.size()][i % gpu.size()] =
        static_cast<unsigned char>(bytes[i]);
  }
  return CheckOwnGpus(by_rank);
}

absl::Status CheckOwnGpus(absl::Span<const GpuId> by_rank) {
  std::map<GpuId, std::vector<size_t>> ranks;
  for (size_t r = 0; r < by_rank.size(); ++r) ranks[by_rank[r]].push_back(r);
  std::vector<std::string> shared;
  for (const auto& [gpu, users] : ranks) {
    if (users.size() == 1) continue;
    // As nvidia-smi -L begins it.
    const absl::string_view first(reinterpret_cast<const char*>(gpu.data()), 4);
    shared.push_back(absl::StrCat("ranks ", absl::StrJoin(users, ", "),
                                  " share GPU-", absl::BytesToHexString(first),
                                  "..."));
  }
  if (shared.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(absl::StrJoin(shared, "; "),
                   ": each process trains on a GPU of its own, "
                   "start no more on a machine than it has GPUs"));
}

}  // namespace cuda
}  // namespace fcis::kernels
