#include "fcis/core/base/default_threads.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fcis {
namespace {

// "" for a file that cannot be read.
std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

std::vector<std::string> Fields(absl::string_view line, char separator) {
  return absl::StrSplit(line, separator, absl::SkipWhitespace());
}

// A hierarchy of control groups that bounds CPU time, as proc(5) describes it.
struct Hierarchy {
  bool v2 = false;
  std::string group;        // of this process
  std::string mount_point;  // where the directory `mount_root` is seen
  std::string mount_root;
};

bool HasCpu(absl::string_view list) {
  return absl::StrContains(absl::StrCat(",", list, ","), ",cpu,");
}

// From lines "4:cpu,cpuacct:/user" (version 1) and "0::/user" (version 2).
std::vector<Hierarchy> GroupsOf(const std::string& proc_cgroup) {
  std::vector<Hierarchy> found;
  for (const std::string& line : Fields(proc_cgroup, '\n')) {
    const std::vector<std::string> f =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (f.size() == 3 && (f[1].empty() || HasCpu(f[1]))) {
      found.push_back({f[1].empty(), f[2], "", ""});
    }
  }
  return found;
}

// From a line "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu".
void FindMount(const std::string& mountinfo, Hierarchy* h) {
  for (const std::string& line : Fields(mountinfo, '\n')) {
    const std::vector<std::string> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const std::vector<std::string> left = Fields(halves[0], ' ');
    const std::vector<std::string> right = Fields(halves[1], ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    const bool fits = h->v2 ? right[0] == "cgroup2"
                            : right[0] == "cgroup" && HasCpu(right[2]);
    if (fits && absl::CUnescape(left[3], &h->mount_root) &&
        absl::CUnescape(left[4], &h->mount_point)) {
      return;
    }
  }
}

// The directory of the group below the mount point, "" for that itself. A
// container may see its own group mounted under the name it has outside, or
// another name: then the mount point is all there is.
std::string DirectoryBelowMount(const Hierarchy& h) {
  absl::string_view below = h.group;
  if (h.mount_root != "/" && !absl::ConsumePrefix(&below, h.mount_root)) {
    return "";
  }
  absl::ConsumeSuffix(&below, "/");
  return absl::StartsWith(below, "/") ? std::string(below) : "";
}

// 0: unbounded, or not to be read.
double Cpus(absl::string_view quota, absl::string_view period) {
  double q = 0, p = 0;
  const bool numbers =
      absl::SimpleAtod(quota, &q) && absl::SimpleAtod(period, &p);
  return numbers && q > 0 && p > 0 ? q / p : 0;
}

CpuQuota QuotaIn(const std::string& root, const std::string& directory,
                 bool v2) {
  if (!v2) {
    const std::string file = directory + "/cpu.cfs_quota_us";
    return {Cpus(ReadText(root + file),
                 ReadText(root + directory + "/cpu.cfs_period_us")),
            file};
  }
  const std::string file = directory + "/cpu.max";
  const std::vector<std::string> f = absl::StrSplit(
      ReadText(root + file), absl::ByAnyChar(" \n"), absl::SkipEmpty());
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
  const std::string mountinfo = ReadText(root + "/proc/self/mountinfo");
  std::optional<CpuQuota> least;
  for (Hierarchy& h : GroupsOf(ReadText(root + "/proc/self/cgroup"))) {
    FindMount(mountinfo, &h);
    if (h.mount_point.empty()) continue;
    std::string below = DirectoryBelowMount(h);
    while (true) {
      const CpuQuota quota = QuotaIn(root, h.mount_point + below, h.v2);
      if (quota.cpus > 0 && (!least || quota.cpus < least->cpus)) least = quota;
      if (below.empty()) break;
      below.resize(below.rfind('/'));
    }
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
