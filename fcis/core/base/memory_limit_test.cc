#include "fcis/core/base/memory_limit.h"

#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>

#include "absl/base/config.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/control_groups.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;

// A file system with a /proc and control groups. This process takes 100 MiB of
// addresses and 30 MiB of memory, 10 MiB of it a file's.
class MemoryLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/memory_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    Write("/proc/self/statm", "25600 7680 2560 1 0 9 0\n");
    Machine(8000, 0);
  }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file(root_ + path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void Machine(int64_t memory, int64_t swap) {
    Write("/proc/meminfo",
          absl::StrCat("MemTotal:       ", memory << 10,
                       " kB\nMemFree:           10 kB\nHugePages_Total: 0\n",
                       "SwapTotal:      ", swap << 10, " kB\n"));
  }
  void Version2(const std::string& group) {
    Write("/proc/self/cgroup", absl::StrCat("0::", group, "\n"));
    Write("/proc/self/mountinfo",
          "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  }
  int64_t LeftMiB() const { return FindMemoryLeft(root_).bytes / kMiB; }
  std::string Limit() const { return FindMemoryLeft(root_).limit; }

  std::string root_;
};

TEST_F(MemoryLimitTest, TheMachine) {
  EXPECT_EQ(LeftMiB(), 8000 - 20);
  EXPECT_EQ(Limit(), "this machine's memory (8000 MiB)");
  Machine(8000, 1000);
  EXPECT_EQ(LeftMiB(), 9000 - 20);
}

TEST_F(MemoryLimitTest, TheTightestGroupOfVersion2) {
  Version2("/a/b");
  EXPECT_EQ(LeftMiB(), 8000 - 20);
  Write("/sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(LeftMiB(), 8000 - 20);
  Write("/sys/fs/cgroup/a/memory.max", absl::StrCat(500 * kMiB, "\n"));
  EXPECT_EQ(LeftMiB(), 500 - 20);
  EXPECT_EQ(Limit(), "/sys/fs/cgroup/a/memory.max (500 MiB)");
  // It may be written out.
  Machine(8000, 70);
  EXPECT_EQ(LeftMiB(), 570 - 20);
}

TEST_F(MemoryLimitTest, Version1) {
  Write("/proc/self/cgroup", "4:memory:/docker/0123\n2:cpu:/docker/0123\n");
  Write("/proc/self/mountinfo",
        "33 31 0:30 /docker/0123 /sys/fs/cgroup/memory ro - cgroup cgroup "
        "rw,memory\n");
  const std::string file = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
  Write(file, "9223372036854771712\n");  // none
  EXPECT_EQ(LeftMiB(), 8000 - 20);
  Write(file, absl::StrCat(64 * kMiB, "\n"));
  EXPECT_EQ(LeftMiB(), 64 - 20);
  EXPECT_EQ(Limit(), file + " (64 MiB)");
}

TEST_F(MemoryLimitTest, SharedByTheProcessesOfAJob) {
  setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "4", 1);
  EXPECT_EQ(LeftMiB(), 2000 - 20);
  EXPECT_EQ(Limit(),
            "this machine's memory, for each of 4 processes (2000 MiB)");
  unsetenv("OMPI_COMM_WORLD_LOCAL_SIZE");
}

TEST_F(MemoryLimitTest, Addresses) {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
  GTEST_SKIP() << "the sanitizer needs terabytes of addresses";
#endif
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = rlim_t{7000} << 20;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const MemoryLeft left = FindMemoryLeft(root_);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(left.bytes / kMiB, 7000 - 100);
  EXPECT_EQ(left.limit, "ulimit -v (7000 MiB)");
}

TEST_F(MemoryLimitTest, MoreThanTheLimitIsTaken) {
  Machine(10, 0);
  EXPECT_EQ(LeftMiB(), 0);
}

TEST_F(MemoryLimitTest, OddFilesAreNoLimit) {
  Version2("/");
  for (const char* text : {"", "\n", "many\n", "-1\n", "0\n"}) {
    Write("/sys/fs/cgroup/memory.max", text);
    EXPECT_EQ(LeftMiB(), 8000 - 20) << text;
  }
  Write("/proc/self/statm", "a b c\n");
  EXPECT_EQ(LeftMiB(), 8000);
  Write("/proc/meminfo", "MemTotal: 5\n");
  EXPECT_EQ(Limit(), "no limit");
}

TEST(MemoryTextTest, IsRounded) {
  EXPECT_EQ(MemoryText(kMiB * 3 / 2 - 1), "1 MiB");
  EXPECT_EQ(MemoryText(kMiB * 3 / 2), "2 MiB");
  EXPECT_EQ(MemoryText(std::numeric_limits<int64_t>::max()),
            "8796093022208 MiB");
}

TEST(CheckMemoryTest, SaysWhatIsThere) {
  const MemoryLeft left = {200 * kMiB, "ulimit -v (400 MiB)"};
  EXPECT_TRUE(CheckMemory(200 * kMiB, left, "it takes 200 MiB").ok());
  const absl::Status status =
      CheckMemory(200 * kMiB + 1, left, "it takes 200 MiB", "; try --less");
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_EQ(status.message(),
            "not enough memory: it takes 200 MiB, and ulimit -v (400 MiB) "
            "leaves 200 MiB; try --less");
}

// The real files.
TEST(FindMemoryLeftTest, ThisProcess) {
  const MemoryLeft before = FindMemoryLeft();
  ASSERT_GT(before.bytes, 0);
  constexpr size_t kBytes = size_t{128} << 20;
  const std::unique_ptr<char[]> touched(new char[kBytes]());
  touched[kBytes / 2] = 1;
  EXPECT_LT(FindMemoryLeft().bytes,
            before.bytes - static_cast<int64_t>(kBytes) / 2);
}

}  // namespace
}  // namespace fcis
