#include "fcis/core/base/default_threads.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace fcis {
namespace {

// A file system with a /proc and control groups.
class CpuQuotaTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/quota_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file(root_ + path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  // -1 without a quota.
  double Cpus() const {
    const auto quota = FindCpuQuota(root_);
    return quota ? quota->cpus : -1;
  }

  std::string root_;
};

constexpr char kV2[] =
    "23 1 254:1 / / rw - ext4 /dev/vda rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
constexpr char kV1[] =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw shared:1 - cgroup cgroup rw,cpu,x\n";

TEST_F(CpuQuotaTest, NothingMounted) { EXPECT_EQ(Cpus(), -1); }

TEST_F(CpuQuotaTest, Version2OfTheOwnGroup) {
  Write("/proc/self/cgroup", "0::/user.slice/job\n");
  Write("/proc/self/mountinfo", kV2);
  EXPECT_EQ(Cpus(), -1);
  Write("/sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  EXPECT_EQ(Cpus(), -1);
  Write("/sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(Cpus(), 1.5);
  EXPECT_EQ(FindCpuQuota(root_)->file, "/sys/fs/cgroup/user.slice/job/cpu.max");
}

TEST_F(CpuQuotaTest, TheTightestOfThePathCounts) {
  Write("/proc/self/cgroup", "0::/a/b/c\n");
  Write("/proc/self/mountinfo", kV2);
  Write("/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
  Write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  Write("/sys/fs/cgroup/a/cpu.max", "40000 20000\n");
  EXPECT_EQ(Cpus(), 2);
  EXPECT_EQ(FindCpuQuota(root_)->file, "/sys/fs/cgroup/a/cpu.max");
}

TEST_F(CpuQuotaTest, Version2InAContainer) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/proc/self/mountinfo", kV2);
  Write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(Cpus(), 0.5);
  // A namespace of its own, entered from outside.
  Write("/proc/self/cgroup", "0::/../other\n");
  EXPECT_EQ(Cpus(), 0.5);
}

TEST_F(CpuQuotaTest, Version1) {
  Write("/proc/self/cgroup", "3:cpuset:/elsewhere\n1:cpu,x:/job\n0::/\n");
  Write("/proc/self/mountinfo", kV1);
  Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cpus(), -1);
  Write("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "250000\n");
  Write("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cpus(), 2.5);
  EXPECT_EQ(FindCpuQuota(root_)->file,
            "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us");
}

TEST_F(CpuQuotaTest, Version1InAContainer) {
  Write("/proc/self/cgroup", "4:cpu,cpuacct:/docker/0123\n");
  Write("/proc/self/mountinfo",
        "32 31 0:29 /docker/0123 /sys/fs/cgroup/cpu\\040and\\040more ro - "
        "cgroup cgroup rw,cpu,cpuacct\n");
  Write("/sys/fs/cgroup/cpu and more/cpu.cfs_quota_us", "100000\n");
  Write("/sys/fs/cgroup/cpu and more/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cpus(), 1);
}

TEST_F(CpuQuotaTest, OddFilesAreNoQuota) {
  Write("/proc/self/mountinfo", kV2);
  for (const char* group : {"", "0::\n", "0::relative\n", "0:/\n", ":::\n"}) {
    Write("/proc/self/cgroup", group);
    for (const char* max : {"", "1\n", "a b\n", "0 0\n", "-5 10\n", "1 2 3"}) {
      Write("/sys/fs/cgroup/cpu.max", max);
      EXPECT_EQ(Cpus(), -1) << group << max;
    }
  }
}

ThreadLimits Cores(int affinity, int online) {
  ThreadLimits limits;
  limits.affinity = affinity;
  limits.online = online;
  return limits;
}

TEST(DefaultThreads, OnePerCoreOfTheMask) {
  EXPECT_EQ(DefaultThreads(Cores(3, 8)), 3);
}

TEST(DefaultThreads, QuotasAreRoundedUp) {
  ThreadLimits limits = Cores(4, 4);
  limits.quota = CpuQuota{1.5, "f"};
  EXPECT_EQ(DefaultThreads(limits), 2);
  limits.quota->cpus = 0.2;
  EXPECT_EQ(DefaultThreads(limits), 1);
  limits.quota->cpus = 1e12;
  EXPECT_EQ(DefaultThreads(limits), 4);
}

TEST(DefaultThreads, OmpNumThreadsGoesFirst) {
  ThreadLimits limits = Cores(2, 2);
  limits.quota = CpuQuota{1, "f"};
  limits.processes = 2;
  for (const auto& [text, threads] : {std::pair<const char*, int>{"4", 4},
                                      {" 3,2", 3},
                                      {"0", 1},
                                      {"-2", 1},
                                      {"two", 1},
                                      {"", 1}}) {
    limits.omp_num_threads = text;
    EXPECT_EQ(DefaultThreads(limits), threads) << text;
  }
}

TEST(DefaultThreads, ProcessesShareAMachine) {
  ThreadLimits limits = Cores(8, 8);
  limits.processes = 3;
  EXPECT_EQ(DefaultThreads(limits), 2);
  limits.processes = 20;
  EXPECT_EQ(DefaultThreads(limits), 1);
  limits.processes = 2;
  limits.quota = CpuQuota{3, "f"};
  EXPECT_EQ(DefaultThreads(limits), 2);
  limits = Cores(4, 8);  // half of the machine, for both of them
  limits.processes = 2;
  EXPECT_EQ(DefaultThreads(limits), 2);
  limits.bound = true;  // each to four cores of its own
  EXPECT_EQ(DefaultThreads(limits), 4);
}

TEST(DefaultThreads, ThisProcess) {
  setenv("OMP_NUM_THREADS", "5", 1);
  const ThreadLimits limits = FindThreadLimits();
  unsetenv("OMP_NUM_THREADS");
  EXPECT_EQ(DefaultThreads(limits), 5);
  EXPECT_GE(DefaultThreads(FindThreadLimits()), 1);
}

TEST(DescribeDefaultThreads, NamesEveryLimit) {
  ThreadLimits limits = Cores(2, 4);
  EXPECT_EQ(DescribeDefaultThreads(limits),
            "2 (affinity: 2 cores; no cgroup quota; OMP_NUM_THREADS not set)");
  limits.affinity = 1;
  limits.quota = CpuQuota{1.5, "/sys/fs/cgroup/x/cpu.max"};
  limits.omp_num_threads = "x";
  limits.processes = 2;
  EXPECT_EQ(DescribeDefaultThreads(limits),
            "1 (affinity: 1 core; cgroup quota: 1.5 CPUs in "
            "/sys/fs/cgroup/x/cpu.max; OMP_NUM_THREADS=x, ignored; 2 processes "
            "of mpiexec here)");
}

}  // namespace
}  // namespace fcis
