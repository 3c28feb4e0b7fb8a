// How many threads a program uses that was told no number (--threads 0), and
// why.
#ifndef FCIS_CORE_BASE_DEFAULT_THREADS_H_
#define FCIS_CORE_BASE_DEFAULT_THREADS_H_

#include <optional>
#include <string>

namespace fcis {

// Time that a control group may use, in CPUs: 1.5 is three seconds in two.
struct CpuQuota {
  double cpus = 0;   // > 0
  std::string file;  // that says so
};

// The smallest quota of this process's control groups: its own and those that
// hold it, as far as they are mounted here. Reads cpu.max (version 2) and
// cpu.cfs_quota_us (version 1). Nothing where none is set, where nothing is
// mounted, or where a file is not as expected. `root` is put before the path of
// each file that is read, but not into the answer; "" outside of tests.
std::optional<CpuQuota> FindCpuQuota(const std::string& root);

// What bounds the number of threads.
struct ThreadLimits {
  int affinity = 1;  // cores in this process's affinity mask
  int online = 1;    // cores of the machine
  std::optional<CpuQuota> quota;
  std::string omp_num_threads;  // the variable's text, "" if not set
  int processes = 1;            // that mpiexec started on this machine
  bool bound = false;           // by mpiexec, each to cores of its own
};
ThreadLimits FindThreadLimits();

// The first number of OMP_NUM_THREADS ("4,2") where that is one >= 1; else one
// for each core of the affinity mask, but no more than the quota has CPUs,
// rounded up. Processes that mpiexec started share the quota, and the cores
// unless each is bound to its own. >= 1.
int DefaultThreads(const ThreadLimits& limits);

// "2 (affinity: 2 cores; cgroup quota: 1.5 CPUs in /sys/fs/cgroup/a/cpu.max;
// OMP_NUM_THREADS not set)".
std::string DescribeDefaultThreads(const ThreadLimits& limits);

}  // namespace fcis

#endif  // FCIS_CORE_BASE_DEFAULT_THREADS_H_
