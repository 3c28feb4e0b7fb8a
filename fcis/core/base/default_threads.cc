#include "fcis/core/base/default_threads.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/control_groups.h"

namespace fcis {
namespace {

// 0: unbounded, or not to be read.
double Cpus(absl::string_view quota, absl::string_view period) {
  double q = 0, p = 0;
  const bool numbers =
      absl::SimpleAtod(quota, &q) && absl::SimpleAtod(period, &p);
  return numbers && q > 0 && p > 0 ? q / p : 0;
}

CpuQuota QuotaIn(const std::string& root, const ControlGroup& group) {
  if (!group.v2) {
    const std::string file = group.directory + "/cpu.cfs_quota_us";
    return {Cpus(ReadSystemFile(root + file),
                 ReadSystemFile(root + group.directory + "/cpu.cfs_period_us")),
            file};
  }
  const std::string file = group.directory + "/cpu.max";
  const std::vector<std::string> f = absl::StrSplit(
      ReadSystemFile(root + file), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return {f.size() == 2 ? Cpus(f[0], f[1]) : 0, file};
}

int OnlineCores() {
  return std::max<int>(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
}

int AffinityCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return OnlineCores();
  return std::max(1, CPU_COUNT(&set));
}

// The first number of a list; 0 if that is not one >= 1.
int ParseOmpNumThreads(absl::string_view text) {
  int threads = 0;
  const std::vector<absl::string_view> list = absl::StrSplit(text, ',');
  return absl::SimpleAtoi(list[0], &threads) ? std::max(0, threads) : 0;
}

std::string OmpNumThreads(const std::string& text) {
  if (text.empty()) return "OMP_NUM_THREADS not set";
  return absl::StrCat("OMP_NUM_THREADS=", text,
                      ParseOmpNumThreads(text) > 0 ? "" : ", ignored");
}

}  // namespace

std::optional<CpuQuota> FindCpuQuota(const std::string& root) {
  std::optional<CpuQuota> least;
  for (const ControlGroup& group : FindControlGroups("cpu", root)) {
    const CpuQuota quota = QuotaIn(root, group);
    if (quota.cpus > 0 && (!least || quota.cpus < least->cpus)) least = quota;
  }
  return least;
}

ThreadLimits FindThreadLimits() {
  ThreadLimits limits;
  limits.affinity = AffinityCores();
  limits.online = OnlineCores();
  limits.quota = FindCpuQuota("");
  const char* const omp = std::getenv("OMP_NUM_THREADS");
  if (omp != nullptr) limits.omp_num_threads = omp;
  const char* const processes = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (processes == nullptr || !absl::SimpleAtoi(processes, &limits.processes)) {
    limits.processes = 1;
  }
  // Open MPI says so of processes that it bound.
  limits.bound = std::getenv("OMPI_MCA_orte_bound_at_launch") != nullptr;
  return limits;
}

int DefaultThreads(const ThreadLimits& limits) {
  const int told = ParseOmpNumThreads(limits.omp_num_threads);
  if (told > 0) return told;
  const int processes = std::max(1, limits.processes);
  int threads = limits.affinity / (limits.bound ? 1 : processes);
  if (limits.quota) {
    const double share = limits.quota->cpus / processes;
    threads = static_cast<int>(std::min<double>(threads, std::ceil(share)));
  }
  return std::max(1, threads);
}

std::string DescribeDefaultThreads(const ThreadLimits& limits) {
  std::vector<std::string> why = {
      absl::StrFormat("affinity: %d core%s", limits.affinity,
                      limits.affinity == 1 ? "" : "s"),
      limits.quota ? absl::StrFormat("cgroup quota: %.4g CPUs in %s",
                                     limits.quota->cpus, limits.quota->file)
                   : "no cgroup quota",
      OmpNumThreads(limits.omp_num_threads)};
  if (limits.processes > 1) {
    why.push_back(absl::StrCat(limits.processes, " processes of mpiexec here"));
  }
  return absl::StrFormat("%d (%s)", DefaultThreads(limits),
                         absl::StrJoin(why, "; "));
}

}  // namespace fcis
